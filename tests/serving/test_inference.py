"""The function that embeds within TensorFlow."""

import numpy as np

from facerec_tf.serving import inference_function
from tests.serving.networks import images, small_mobilefacenet
from tests.tolerance import NETWORK, assert_close


def test_embeds_as_the_model_does_and_keeps_its_weights():
    model, crops = small_mobilefacenet(), images(3)
    expected = model(crops.astype(np.float32), training=False).numpy()
    embed = inference_function(model)
    assert_close(embed(crops), expected, NETWORK)
    for weight in model.trainable_weights:
        weight.assign(weight + 1.0)
    assert_close(embed(crops.astype(np.float32)), expected, NETWORK)
