"""Losses that request inputs beyond labels and embeddings, such as the images for a teacher."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf import margins
from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import Auxiliary, EmbeddingLoss
from facerec_tf.models import Objective, Recognizer
from facerec_tf.training import Trainer, make_strategy

GENERATOR = np.random.default_rng(0)
# With 3 images a replica TensorFlow 2.21's oneDNN kernels corrupt the heap, with 4 they do not.
IMAGES = GENERATOR.integers(0, 256, (8, 6, 6, 3), np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1], np.int32)
SIZE = 4

#: Of the distillation beside a head, which would otherwise outweigh it.
WEIGHT = 10.0


def make_network(seed, name):
    pixels = keras.Input((6, 6, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(pixels)
    x = keras.layers.Flatten()(x)
    initializer = keras.initializers.RandomNormal(stddev=0.1, seed=seed)
    x = keras.layers.Dense(SIZE, kernel_initializer=initializer, name=f"{name}_dense")(x)
    return keras.Model(pixels, keras.layers.Activation("linear", dtype="float32")(x), name=name)


class Distillation(EmbeddingLoss):
    """`1 − cos` between the embeddings and a fixed teacher's, the mean over the batch."""

    inputs = ("images",)

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.teacher = make_network(1, "teacher")
        self.teacher.trainable = False
        self.rows = []

    def prepare(self, images):
        self.rows.append(images.shape[0])
        return (self.teacher(images, training=False),)

    def value(self, labels, embeddings, taught):
        cosine = tf.reduce_sum(l2_normalize(embeddings) * l2_normalize(taught), axis=1)
        return tf.reduce_mean(1.0 - cosine)


class Everything(EmbeddingLoss):
    """Stores its inputs."""

    inputs = ("correct", "images", "logits", "centres")

    def value(self, labels, embeddings, *requested):
        self.seen = requested
        return tf.reduce_mean(embeddings)


def make(head=True):
    """Returns a recognizer that learns from the teacher, with or without a head."""
    loss = Distillation(name="distillation")
    if head:
        head = margins.get("cosface", num_classes=3, s=8.0)
        objective = Objective(head, [Auxiliary(loss, WEIGHT)])
    else:
        objective = Objective(loss)
    return Recognizer(make_network(2, "student"), objective)


def cosines_to_teacher(recognizer):
    objective = recognizer.objective
    loss = objective.auxiliaries[0] if objective.head else objective.main
    ours, theirs = (x(IMAGES).numpy() for x in (recognizer, loss.teacher))
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return np.sum(ours * theirs, axis=1) / lengths


def test_the_loss_is_the_heads_and_the_distance_to_the_teacher():
    recognizer = make()
    embeddings = recognizer(IMAGES)
    head = recognizer.head.loss(embeddings, tf.constant(LABELS))
    expected = np.mean(head) + WEIGHT * np.mean(1.0 - cosines_to_teacher(recognizer))
    loss = recognizer.compute_loss(x=IMAGES, y=LABELS, y_pred=embeddings)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["tensorflow", "xla"])
@pytest.mark.parametrize("head", [True, False], ids=["auxiliary", "main"])
def test_fit_learns_from_the_teacher(head, jit_compile):
    keras.utils.set_random_seed(0)
    recognizer = make(head)
    teacher = [x.numpy() for x in recognizer.objective.non_trainable_weights]
    before = cosines_to_teacher(recognizer).mean()
    recognizer.compile(keras.optimizers.SGD(0.01), jit_compile=jit_compile)
    recognizer.fit(IMAGES, LABELS, batch_size=8, epochs=60, verbose=0)
    assert cosines_to_teacher(recognizer).mean() > before + 0.4
    for weight, value in zip(recognizer.objective.non_trainable_weights, teacher, strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("xla", [False, True], ids=["tensorflow", "xla"])
def test_trainer_learns_from_the_teacher(policy, xla):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        recognizer = make()
    finally:
        keras.config.set_dtype_policy(before)
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build(recognizer.trainable_variables)
    trainer = Trainer(recognizer, optimizer, xla=xla)
    batches = tf.data.Dataset.from_tensors({"image": IMAGES, "label": LABELS}).repeat()
    start = cosines_to_teacher(recognizer).mean()
    result = trainer.run(iter(batches), tf.constant(60))
    assert np.isfinite(result["loss"])
    assert int(trainer.skipped) == 0
    assert cosines_to_teacher(recognizer).mean() > start + 0.4


def test_two_replicas_equal_one_and_each_teaches_its_own_images():
    histories, weights, rows = [], [], []
    for strategy in (tf.distribute.get_strategy(), make_strategy("mirrored")):
        with strategy.scope():
            keras.utils.set_random_seed(0)
            recognizer = make()
            recognizer.compile(keras.optimizers.SGD(0.01))
        data = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).batch(8, drop_remainder=True)
        histories.append(recognizer.fit(data, epochs=3, verbose=0).history["loss"])
        weights.append(recognizer.get_weights())
        rows.append(set(recognizer.objective.auxiliaries[0].rows))
    np.testing.assert_allclose(*histories, rtol=1e-4)
    for one, two in zip(*weights, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-3, atol=1e-5)
    assert rows == [{8}, {4}]


def test_inputs_arrive_in_the_order_of_the_request():
    head = margins.get("arcface", num_classes=3)
    loss = Everything()
    objective = Objective(head, [Auxiliary(loss, 1.0)])
    embeddings, labels = make_network(2, "student")(IMAGES), tf.constant(LABELS)
    objective(labels, embeddings, images=IMAGES)
    correct, images, logits, centres = loss.seen
    expected = head(embeddings, labels)
    np.testing.assert_array_equal(logits, expected)
    np.testing.assert_array_equal(correct, tf.argmax(expected, axis=1) == LABELS)
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_allclose(centres, head.own_centres(embeddings, labels), rtol=1e-6)


def test_images_must_be_given_where_they_are_requested():
    recognizer = make()
    with pytest.raises(ArgumentError, match="'images' must be given"):
        recognizer.compute_loss(y=LABELS, y_pred=recognizer(IMAGES))


def test_an_unknown_input_is_refused_when_built():
    class Typo(EmbeddingLoss):
        inputs = ("imags",)

    with pytest.raises(ArgumentError, match=r"'Typo.inputs' must be one of .*mean 'images'"):
        Objective(margins.get("arcface", num_classes=3), [Auxiliary(Typo(), 1.0)])


@pytest.mark.parametrize("name", ["logits", "centres", "correct"])
def test_inputs_of_a_head_need_one(name):
    class Needy(EmbeddingLoss):
        inputs = (name,)

    with pytest.raises(ArgumentError, match=f"Needy needs a margin head for its input '{name}'"):
        Objective(Needy())


def test_a_loss_alone_names_the_inputs_it_lacks():
    with pytest.raises(ArgumentError, match=r"Loss Everything takes correct, images, .*0 inputs"):
        Everything()(LABELS, np.ones([8, SIZE], "float32"))
