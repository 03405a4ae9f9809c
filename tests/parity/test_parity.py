"""Heads, losses and optimizers give the values and gradients of other implementations.

Where definitions differ (degrees, reducers, scales), `tools/parity` documents and converts them.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf import losses, margins
from facerec_tf.config import OPTIMIZERS, OptimizerConfig
from facerec_tf.training import make_optimizer
from tests.parity.loading import load

#: Of the largest magnitude in an array.
TOLERANCE = 1e-5

#: Heads and losses that no library has.
WITHOUT_PARITY = {"airface", "arcnegface"}

REFERENCES = load()
CASES = [
    pytest.param(reference, ours, id=f"{reference.name}-{ours}")
    for reference in REFERENCES
    for ours in reference.ours
]


def assign(layer, arrays):
    for variable in layer.weights:
        if variable.name in arrays:
            variable.assign(arrays[variable.name])


def answer_of_head(name, arguments, arrays):
    columns = arrays["centres"].shape[1] // arguments.get("k", 1)
    head = margins.get(name, num_classes=columns, dtype="float64", **arguments)
    head.build(arrays["embeddings"].shape)
    assign(head, arrays)
    embeddings = tf.constant(arrays["embeddings"])
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        value = tf.reduce_mean(head.loss(embeddings, tf.constant(arrays["labels"])))
    sloped = {"embeddings": embeddings, **{v.name: v.value for v in head.trainable_variables}}
    return with_gradients(tape, value, sloped)


def answer_of_loss(name, arguments, arrays):
    loss = losses.get(name, dtype="float64", **arguments)
    labels, embeddings = tf.constant(arrays["labels"]), tf.constant(arrays["embeddings"])
    given = {name: tf.constant(arrays[name], tf.float64) for name in loss.inputs}

    def value():
        # The head provides the own centre of each embedding.
        own = {"centres": lambda c: tf.gather(tf.transpose(c), labels), "correct": lambda c: c}
        inputs = (own[name](given[name]) for name in given)
        return loss(labels, embeddings, *inputs, training=False)

    value()  # builds it
    assign(loss, arrays)
    with tf.GradientTape() as tape:
        tape.watch([embeddings, *given.values()])
        result = value()
    sloped = {"embeddings": embeddings, **{v.name: v.value for v in loss.trainable_variables}}
    sloped |= {name: tensor for name, tensor in given.items() if f"{name}_gradient" in arrays}
    return with_gradients(tape, result, sloped)


def answer_of_cross_entropy(name, arguments, arrays):
    logits = tf.constant(arrays["logits"])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        terms = margins.cross_entropy(tf.constant(arrays["labels"]), logits, **arguments)
        value = tf.reduce_mean(terms)
    return with_gradients(tape, value, {"logits": logits})


def with_gradients(tape, value, sloped):
    gradients = tape.gradient(value, sloped, unconnected_gradients="zero")
    return {
        "value": value.numpy(),
        **{f"{name}_gradient": tf.convert_to_tensor(g).numpy() for name, g in gradients.items()},
    }


def answer_of_optimizer(name, arguments, arrays):
    weights = keras.Variable(arrays["weights"][0], dtype="float64", name="kernel")
    config = OptimizerConfig(optimizer=name, **arguments)
    optimizer = make_optimizer(config, config.lr, [weights])
    path = [weights.numpy()]
    for gradient in arrays["gradients"]:
        optimizer.apply([tf.constant(gradient)], [weights])
        path.append(weights.numpy())
    return {"weights": np.stack(path)}


ANSWERS = {
    **dict.fromkeys(margins.MARGINS, answer_of_head),
    **dict.fromkeys(losses.LOSSES, answer_of_loss),
    **dict.fromkeys(OPTIMIZERS, answer_of_optimizer),
    "cross_entropy": answer_of_cross_entropy,
}


@pytest.mark.parametrize(("reference", "ours"), CASES)
def test_values_and_gradients_agree(reference, ours, report):
    answer = ANSWERS[ours](ours, reference.ours[ours], reference.arrays)
    differences = {}
    for name, array in answer.items():
        expected = reference.factor * reference.arrays[name]
        largest = np.abs(expected).max() or 1.0
        differences[name] = np.abs(array - expected).max() / largest
    worst = np.max(list(differences.values()))  # NaN if any is; Python's max ignores NaN
    report(ours, reference.theirs, worst)
    assert worst <= TOLERANCE, differences


def test_every_head_and_loss_is_compared():
    compared = {ours for reference in REFERENCES for ours in reference.ours}
    assert {*margins.MARGINS, *losses.LOSSES} - compared == WITHOUT_PARITY
