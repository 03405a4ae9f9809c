"""The command that is printed after records were written."""

from pathlib import Path

import pytest
import tensorflow as tf

from facerec_tf.data import Record, write_records
from facerec_tf.verbs.common import next_evaluate
from facerec_tf.verbs.training_suggestion import suggested_training_command


@pytest.fixture
def write(tmp_path):
    def write(images, people=2, name="records"):
        records = (Record(b"x", i % people, str(i % people), str(i)) for i in range(images))
        write_records(tmp_path / name, records)
        return tmp_path / name

    return write


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])


def test_without_a_gpu_a_small_network_is_named(write):
    data = write(1000)
    command = f"python -m facerec_tf.train --data={data} --backbone=iresnet_nano --batch_size=64"
    assert suggested_training_command(data) == command


@pytest.mark.usefixtures("gpu")
def test_with_a_gpu_the_defaults_are_used(write):
    data = write(1000)
    assert suggested_training_command(data) == f"python -m facerec_tf.train --data={data}"


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("images", "batch_size"), [(511, 256), (169, 128), (3, 2)])
def test_a_batch_is_not_larger_than_the_data(write, images, batch_size):
    assert suggested_training_command(write(images)).endswith(f" --batch_size={batch_size}")


def test_one_of_several_pair_sets_is_named(write):
    data = write(1000)
    for name in ("lfw_view2", "lfw_view1"):
        (data / "pairs" / name).mkdir(parents=True)
        (data / "pairs" / name / "pairs.csv").touch()
    assert suggested_training_command(data).endswith(" --eval_pairs=lfw_view1")


def test_names_are_quoted_for_the_shell(write):
    data = write(100, name="my records")
    assert f" --data='{data}' " in suggested_training_command(data)


def test_records_that_cannot_be_read_or_trained_on(write):
    assert suggested_training_command("gs://bucket/a") == (
        "python -m facerec_tf.train --data=gs://bucket/a"
    )
    assert suggested_training_command(write(10, people=1)) is None


def test_the_command_that_evaluates_on_a_pair_set():
    """`--protocol` looks in `DATA/pairs`; elsewhere, `--data` is the pair set itself."""
    inside, elsewhere = next_evaluate(Path("data/pairs/lfw")), next_evaluate(Path("my sets/lfw"))
    assert inside.endswith("python -m facerec_tf.evaluate --model=FILE --data=data --protocol=lfw")
    assert elsewhere.endswith("python -m facerec_tf.evaluate --model=FILE --data='my sets/lfw'")
