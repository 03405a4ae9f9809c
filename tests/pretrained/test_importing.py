import dataclasses
import json

import keras
import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.core.files import sha256
from facerec_tf.pretrained import import_weights, read_weights
from tests.pretrained.conftest import NANO
from tests.pretrained.mxnet_files import fresnet, run_symbol
from tests.tolerance import LAYER, NETWORK, assert_close

Y1 = "data/models/mobilefacenet_y1/model-0000.params"


def make_iresnet(name):
    from tools.torch_networks.iresnet import UNITS, IResNet

    return IResNet(UNITS[name], image_size=SIZE)


def make_mbf(**options):
    from tools.torch_networks.mobilefacenet import MobileFaceNet

    return MobileFaceNet(**options)


def make_vit():
    from tools.torch_networks.vit import SIZES, VisionTransformer

    return VisionTransformer(*SIZES["vit_t"])


def make_inception():
    from torch.nn import Linear

    from tools.torch_networks.inception_resnet_v1 import InceptionResnetV1

    network = InceptionResnetV1()
    network.dropout.p = 0.0
    network.add_module("logits", Linear(512, 9))
    return network


#: Side of the images of deep networks, and how many: the fewer values the last BatchNorm sees in
#: training, the more it makes of rounding errors.
SIZE, IMAGES = 48, 16


@dataclasses.dataclass
class Case:
    """A PyTorch network, and how to import and feed it."""

    make: object
    options: dict
    size: int = 112
    images: int = IMAGES
    std: float = 127.5


SMALL = {"dropout": 0.0, "input_shape": (SIZE, SIZE, 3)}
CASES = {
    "iresnet18": Case(lambda: make_iresnet("iresnet18"), SMALL, SIZE),
    "iresnet50": Case(lambda: make_iresnet("iresnet50"), SMALL, SIZE),
    "iresnet100": Case(lambda: make_iresnet("iresnet100"), SMALL, SIZE),
    "mbf": Case(make_mbf, {}),
    "mbf_large": Case(lambda: make_mbf(blocks=(2, 0, 0, 0), scale=4), {"units": (2, 0, 0, 0)}),
    "vit_t": Case(make_vit, {"drop_path": 0.0, "mask_ratio": 0.0}, images=4),
    "inception_resnet_v1": Case(
        make_inception, {"dropout": 0.0, "input_shape": (80, 80, 3)}, 80, 8, std=128.0
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_outputs_equal_pytorchs(name, torch, randomize, embed_by_torch, images, tmp_path):
    torch.manual_seed(0)
    case = CASES[name]
    network = randomize(case.make())
    torch.save(network.state_dict(), tmp_path / "w.pt")
    recognizer = import_weights(tmp_path / "w.pt", name, **case.options)
    if hasattr(network, "logits"):
        del network.logits
        assert recognizer.origin["arrays_left_aside"] == 2
    pixels = images(case.images, case.size)
    for training in (False, True):
        expected = embed_by_torch(network, pixels, training, case.std)
        largest = np.abs(expected).max()
        assert largest > 0.3
        # Normalised by the batch, rounding errors grow with the values: mbf's come to 1e-4 of 4.
        atol = 1e-4 * max(1, largest) if training else 1e-4
        actual = recognizer(pixels, training=training)
        np.testing.assert_allclose(actual, expected, atol=atol, err_msg=f"training={training}")
    if name == "mbf":
        norms = [m for m in network.modules() if hasattr(m, "running_var")]
        ours = [x for x in recognizer.backbone.layers if hasattr(x, "moving_variance")]
        for norm, own in zip(norms, ours, strict=True):
            assert_close(own.moving_mean, norm.running_mean, LAYER)
            assert_close(own.moving_variance, norm.running_var, LAYER)


@pytest.mark.parametrize(("se", "with_storage"), [(False, True), (True, False)])
def test_an_mxnet_file_computes_what_its_symbol_says(tmp_path, images, torch, se, with_storage):
    symbol = fresnet((1, 2, 2, 1), (16, 32, 64, 128), 256, se)
    path = symbol.write(tmp_path, with_storage=with_storage)
    recognizer = import_weights(path, "iresnet_nano", se=se)
    pixels = images(2)
    expected = run_symbol(symbol.nodes, symbol.arrays, pixels)
    assert_close(recognizer(pixels), expected, NETWORK)
    # Nothing but the names is left: InsightFace's own scaling, ε and fixed γ are taken.
    alone = import_weights(symbol.write(tmp_path, "alone", symbol=False), "iresnet_nano", se=se)
    assert_close(alone(pixels), recognizer(pixels), LAYER)


def test_a_silent_batch_norm_is_as_mxnet_takes_it(tmp_path, images, torch):
    """γ is 1 whatever the file holds, and ε is 1e-3."""
    symbol = fresnet((1, 2, 2, 1), (16, 32, 64, 128), 256)
    (norm,) = (node for node in symbol.nodes if node["name"] == "stage1_unit1_bn2")
    norm["attrs"] = {}
    recognizer = import_weights(symbol.write(tmp_path), "iresnet_nano")
    pixels = images(2)
    expected = run_symbol(symbol.nodes, symbol.arrays, pixels)
    assert_close(recognizer(pixels), expected, NETWORK)


def test_the_real_y1_computes_what_its_symbol_says(shared_dir, images, torch, tmp_path):
    path = shared_dir / Y1
    recognizer = import_weights(path, "y1")
    nodes = json.loads(path.with_name("model-symbol.json").read_text())["nodes"]
    pixels = images(4)
    expected = run_symbol(nodes, read_weights(path).arrays, pixels)
    assert_close(recognizer(pixels), expected, NETWORK)
    (tmp_path / "y1-0000.params").symlink_to(path)
    alone = import_weights(tmp_path / "y1-0000.params", "y1")
    assert_close(alone(pixels), expected, NETWORK)


def test_the_origin_is_kept_in_the_file(nano_file, tmp_path):
    path = nano_file()
    recognizer = import_weights(path, "iresnet_nano")
    recognizer.save(tmp_path / "r.keras")
    again = keras.saving.load_model(tmp_path / "r.keras")
    assert again.digest() == recognizer.digest()
    assert again.origin["sha256"] == sha256(path)
    assert (again.origin["file"], again.origin["format"]) == ("nano.pt", "pytorch")
    assert again.origin["arrays"] == len(recognizer.backbone.weights) + 1, "and the fixed γ"
    pixels = np.full((1, 112, 112, 3), 77.0)
    np.testing.assert_array_equal(again(pixels), recognizer(pixels))


def test_the_embedding_size_is_the_files(torch, tmp_path):
    from tools.torch_networks.iresnet import IResNet

    torch.save(IResNet(**{**NANO, "embedding_size": 96}).state_dict(), tmp_path / "w.pt")
    assert import_weights(tmp_path / "w.pt", "iresnet_nano").backbone.output_shape == (None, 96)
    with pytest.raises(DataError, match=r"of another shape \(fc.weight is \(96, 6272\) and"):
        import_weights(tmp_path / "w.pt", "iresnet_nano", embedding_size=256)


def test_bgr_and_scaling_are_options(nano, nano_file, embed_by_torch, images):
    pixels = images(2)
    recognizer = import_weights(nano_file(), "iresnet_nano", channels="bgr", mean=100, std=50)
    expected = embed_by_torch(nano, (pixels[..., ::-1] - 100) / 50 * 127.5 + 127.5)
    assert_close(recognizer(pixels), expected, NETWORK)


def test_what_does_not_fit_is_listed(torch, nano_file):
    path = nano_file(
        **{
            "layer1.0.conv1.weight": None,
            "layer2.1.prelu.weight": torch.ones(5),
            "extra.weight": torch.ones(3),
        }
    )
    with pytest.raises(DataError) as raised:
        import_weights(path, "iresnet_nano")
    for words in (
        "does not fit backbone iresnet_nano: 1 missing (layer1.0.conv1.weight); ",
        "1 left over (extra.weight); ",
        "1 of another shape (layer2.1.prelu.weight is (5,) and should be (1, 1, 32)).",
    ):
        assert words in str(raised.value)
    assert "--backbone" not in str(raised.value)


def test_of_many_faults_eight_are_listed(nano_file):
    with pytest.raises(DataError, match=r"missing \((?:[\w.]+, ){8}and \d+ more\)"):
        import_weights(nano_file(), "iresnet18")


def test_the_backbone_that_fits_is_named(nano_file):
    with pytest.raises(DataError, match="--backbone=iresnet_nano fits"):
        import_weights(nano_file(), "y1")


def test_a_family_without_names_is_refused(nano_file):
    with pytest.raises(
        ArgumentError, match=r"that pytorch files are supported for: iresnet, .*'nn4'"
    ):
        import_weights(nano_file(), "nn4")


def test_numbers_that_cannot_be_are_refused(torch, nano_file):
    with pytest.raises(
        DataError, match=r"'bn1.running_var' of 'nano.pt' contains negative variances"
    ):
        import_weights(nano_file(**{"bn1.running_var": torch.full((16,), -1.0)}), "iresnet_nano")
    with pytest.raises(DataError, match=r"'features.weight' of 'nano.pt' must be all 1"):
        import_weights(nano_file(**{"features.weight": torch.full((256,), 2.0)}), "iresnet_nano")
    with pytest.raises(DataError, match=r"embeddings of the network in .* are not finite"):
        import_weights(nano_file(**{"fc.weight": torch.full((256, 6272), 3e38)}), "iresnet_nano")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"channels": "gbr"}, "Argument 'channels' must be one of bgr, rgb"),
        ({"mean": 127.5}, "Argument 'std' must be given with 'mean'"),
        ({"mean": 0.0, "std": 0.0}, "Argument 'std' must be positive"),
        ({"width": 3}, "does not take an argument 'width'"),
        ({"calibration": "x"}, "has all BatchNorm statistics"),
    ],
)
def test_bad_arguments(nano_file, options, words):
    with pytest.raises(ArgumentError, match=words):
        import_weights(nano_file(), "iresnet_nano", **options)
