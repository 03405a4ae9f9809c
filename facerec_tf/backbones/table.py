"""Table of all backbones. Tests check the parameters and multiply-adds."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from facerec_tf.backbones.backbone import Backbone, model_name
from facerec_tf.backbones.inception import NN2, NN4, NNS1, NNS2, inception
from facerec_tf.backbones.inception_resnet import V1, V2, inception_resnet
from facerec_tf.backbones.iresnet import iresnet
from facerec_tf.backbones.keras_application import APPLICATIONS, keras_application
from facerec_tf.backbones.mobilefacenet import mobilefacenet
from facerec_tf.backbones.sphereface_cnn import sphereface_cnn
from facerec_tf.backbones.vit import vit
from facerec_tf.backbones.zeiler_fergus import zeiler_fergus
from facerec_tf.core.lookup import Registry, require_known

_ARCFACE = "ArcFace 1801.07698"
_CPU = "an IResNet for CPUs"
_INSIGHTFACE = "InsightFace, arcface_torch"
_SHORT = {"embedding_size": 256}
_LONG = {"embedding_size": 512}

#: Prefix of the names of Keras' own networks.
_KERAS = "keras:"

_NETWORKS = (
    # An IResNet spends most time on its first, largest feature maps: here they have 16 channels.
    Backbone("iresnet_nano", iresnet, _CPU, ((1, 2, 2, 1), (16, 32, 64, 128)), _SHORT),
    Backbone("iresnet_mini", iresnet, _CPU, ((1, 2, 2, 1), (16, 64, 128, 256)), _SHORT),
    Backbone("iresnet18", iresnet, _ARCFACE, ((2, 2, 2, 2),)),
    Backbone("iresnet34", iresnet, _ARCFACE, ((3, 4, 6, 3),)),
    Backbone("iresnet50", iresnet, _ARCFACE, ((3, 4, 14, 3),)),
    Backbone("iresnet100", iresnet, _ARCFACE, ((3, 13, 30, 3),)),
    Backbone("iresnet200", iresnet, _ARCFACE, ((6, 26, 60, 6),)),
    Backbone("mobilefacenet", mobilefacenet, "MobileFaceNets 1804.07573, table 1"),
    Backbone("y1", mobilefacenet, "InsightFace, model zoo", (), {"embedding_head": "GDC-E"}),
    Backbone("mbf", mobilefacenet, _INSIGHTFACE, (), {"scale": 2, **_LONG}),
    Backbone(
        "mbf_large", mobilefacenet, _INSIGHTFACE, (), {"units": (2, 8, 12, 4), "scale": 4, **_LONG}
    ),
    Backbone("vit_t", vit, _INSIGHTFACE, (256, 12)),
    Backbone("vit_s", vit, _INSIGHTFACE, (512, 12)),
    Backbone("vit_b", vit, _INSIGHTFACE, (512, 24)),
    Backbone("vit_l", vit, _INSIGHTFACE, (768, 24), {"drop_path": 0.05, "mask_ratio": 0.05}),
    Backbone("nn1", zeiler_fergus, "FaceNet 1503.03832, table 1"),
    Backbone("nn2", inception, "FaceNet 1503.03832, table 2", (NN2,)),
    Backbone("nn3", inception, "FaceNet 1503.03832, §3.3", (NN2,), {"input_shape": (160, 160, 3)}),
    Backbone("nn4", inception, "FaceNet 1503.03832, §3.3", (NN4,), {"input_shape": (96, 96, 3)}),
    Backbone("nns1", inception, "after FaceNet, §3.3", (NNS1,), {"input_shape": (165, 165, 3)}),
    Backbone("nns2", inception, "after FaceNet, §3.3", (NNS2,), {"input_shape": (140, 116, 3)}),
    Backbone("inception_resnet_v1", inception_resnet, "facenet, after 1602.07261", (V1,)),
    Backbone("inception_resnet_v2", inception_resnet, "facenet, after 1602.07261", (V2,)),
    Backbone("sphereface4", sphereface_cnn, "SphereFace 1704.08063", ((0, 0, 0, 0),)),
    Backbone("sphereface10", sphereface_cnn, "SphereFace 1704.08063", ((0, 1, 2, 0),)),
    Backbone("sphereface20", sphereface_cnn, "SphereFace 1704.08063", ((1, 2, 4, 1),)),
    Backbone("sphereface36", sphereface_cnn, "SphereFace 1704.08063", ((2, 4, 8, 2),)),
    Backbone("sphereface64", sphereface_cnn, "SphereFace 1704.08063", ((3, 8, 16, 3),)),
)

#: Trainable parameters and multiply-adds at the default sizes; tests count them again.
_COSTS = {
    "iresnet_nano": (2_007_568, 139_087_872),
    "iresnet_mini": (4_785_296, 396_390_400),
    "iresnet18": (24_025_088, 2_609_954_816),
    "iresnet34": (34_138_816, 4_459_642_880),
    "iresnet50": (43_590_336, 6_309_330_944),
    "iresnet100": (65_155_648, 12_089_606_144),
    "iresnet200": (118_833_408, 23_418_945_536),
    "mobilefacenet": (1_003_136, 220_965_376),
    "y1": (1_003_136, 220_965_376),
    "mbf": (2_059_520, 437_520_896),
    "mbf_large": (6_314_880, 1_816_482_816),
    "vit_t": (19_137_792, 1_504_882_688),
    "vit_s": (76_023_296, 5_746_548_736),
    "vit_b": (113_833_472, 11_437_170_688),
    "vit_l": (255_684_352, 25_337_794_560),
    "nn1": (140_025_664, 1_605_944_064),
    "nn2": (7_456_304, 1_596_530_688),
    "nn3": (7_456_304, 814_620_672),
    "nn4": (6_607_888, 284_741_632),
    "nns1": (26_202_216, 221_572_832),
    "nns2": (4_309_732, 19_855_648),
    "inception_resnet_v1": (23_482_624, 1_417_662_304),
    "inception_resnet_v2": (55_093_920, 2_877_188_960),
    "sphereface4": (12_562_496, 164_290_560),
    "sphereface10": (15_217_984, 758_833_152),
    "sphereface20": (22_666_944, 1_749_737_472),
    "sphereface36": (32_771_392, 3_335_184_384),
    "sphereface64": (48_186_816, 6_109_716_480),
}

#: All backbones by name; `find` also accepts networks of keras.applications.
BACKBONES: Registry[Backbone] = Registry(
    {
        network.name: dataclasses.replace(
            network, parameters=_COSTS[network.name][0], multiply_adds=_COSTS[network.name][1]
        )
        for network in _NETWORKS
    },
    "backbone",
)


def find(name: str) -> Backbone:
    """Returns the backbone named `name`: a key of `BACKBONES`, or `keras:NAME`.

    `keras:NAME` is built from a network of `keras.applications`, such as `keras:EfficientNetV2B0`.

    Raises:
        ArgumentError: If the name is unknown; the message lists the known ones.
    """
    if not str(name).startswith(_KERAS):
        return BACKBONES[name]
    network = name.removeprefix(_KERAS)
    require_known(network, APPLICATIONS, f"backbone={_KERAS}")
    named = {"name": model_name(name)}
    return Backbone(name, keras_application, "keras.applications", (network,), named)


def get(name: str, **arguments: Any) -> keras.Model:
    """Builds the backbone named `name`; arguments as for calling a `Backbone`.

    Raises:
        ArgumentError: If the name is unknown, or an argument is outside its domain.
    """
    return find(name)(**arguments)
