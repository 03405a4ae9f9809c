import dataclasses

import numpy as np
import pytest

from facerec_tf.backbones.vit import vit
from facerec_tf.pretrained.names.vit import PYTORCH
from facerec_tf.pretrained.weight_plan import plan_by_name
from facerec_tf.pretrained.weight_source import Scaling, WeightSource


@pytest.fixture(scope="module")
def source(torch):
    from tools.torch_networks.vit import VisionTransformer

    network = VisionTransformer(16, 1, 2, embedding_size=8, image_size=36)
    state = network.state_dict().items()
    arrays = {k: v.numpy() for k, v in state if not k.endswith("num_batches_tracked")}
    return WeightSource("w.pt", "pytorch", "", arrays)


def test_the_mask_token_goes_where_training_masks(source):
    network = vit(16, 1, 2, embedding_size=8, input_shape=(36, 36, 3), mask_ratio=0.1)
    plan = plan_by_name(network, source, PYTORCH)
    assert (plan.faults(source), plan.ignored) == ([], ())
    plan.carry_out(source, network)
    token = network.get_layer("head_restore").mask_token
    np.testing.assert_array_equal(token, source.arrays["mask_token"].ravel())
    assert network.get_layer("embedding").epsilon == 2e-5


def test_without_masking_the_mask_token_is_left_aside(source):
    network = vit(16, 1, 2, embedding_size=8, input_shape=(36, 36, 3), mask_ratio=0.0)
    plan = plan_by_name(network, source, PYTORCH)
    assert (plan.faults(source), plan.ignored) == ([], ("mask_token",))


def test_no_array_may_go_to_two_weights(source):
    network = vit(16, 1, 2, embedding_size=8, input_shape=(36, 36, 3))
    layers = {**PYTORCH.layers, "head_norm": "blocks.0.norm1"}
    plan = plan_by_name(network, source, dataclasses.replace(PYTORCH, layers=layers))
    left, twice = plan.faults(source)
    assert left == "2 left over (norm.weight, norm.bias)"
    assert twice == "2 wanted twice (blocks.0.norm1.weight, blocks.0.norm1.bias)"


def test_scalings_follow_each_other():
    both = Scaling.of(mean=10, std=4).then(Scaling(scale=3, offset=-1))
    for x in (0.0, 100.0):
        assert both.scale * x + both.offset == pytest.approx((x - 10) / 4 * 3 - 1)
