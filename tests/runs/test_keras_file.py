"""`.keras` files that are damaged, or made to do harm: one line, soon, and without their code."""

import tracemalloc
import zipfile

import keras
import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.margins import ArcFace
from facerec_tf.models import Recognizer
from facerec_tf.runs import load_keras

CONFIG, WEIGHTS = "config.json", "model.weights.h5"


def network(*between):
    layers = [keras.Input((4, 4, 3)), keras.layers.Flatten(), *between, keras.layers.Dense(3)]
    return keras.Sequential(layers)


@pytest.fixture
def saved(tmp_path):
    recognizer = Recognizer(network(), ArcFace(5), origin={"images": 10**12})
    recognizer.compile(
        optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10**9))
    )
    recognizer.save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def edited(path, **changes):
    """Writes a copy in which `changes` replace members; all checksums are right."""
    target = path.with_name("edited.keras")
    with (
        zipfile.ZipFile(path) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as edited_file,
    ):
        for name in source.namelist():
            content = source.read(name)
            change = changes.get(name.replace(".", "_"), lambda content: content)
            if (changed := change(content)) is not None:
                edited_file.writestr(name, changed)
    return target


def message_of(path):
    with pytest.raises(DataError) as error:
        load_keras(path)
    message = str(error.value)
    assert path.name in message
    assert len(message) < 500
    assert "\n" not in message
    return message


def test_a_whole_file_is_read(saved):
    recognizer = load_keras(saved)
    assert recognizer.head.num_classes == 5
    assert recognizer.origin == {"images": 10**12}


@pytest.mark.parametrize("member", [CONFIG, WEIGHTS])
def test_a_flipped_bit_is_named_with_the_file(saved, member):
    with zipfile.ZipFile(saved) as archive:
        place = archive.getinfo(member).header_offset + 200
    content = bytearray(saved.read_bytes())
    content[place] ^= 4
    saved.write_bytes(content)
    assert f"is damaged: '{member}' in it does not match its checksum" in message_of(saved)


def test_a_file_that_unpacks_to_much_more_is_refused_before_it_is_read(saved):
    bomb = edited(saved, config_json=lambda content: b'"' + bytes(60_000_000) + b'"')
    tracemalloc.start()
    assert "would unpack to 60," in message_of(bomb)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_nested_json_is_refused(saved):
    nested = edited(saved, config_json=lambda content: b"[" * 100_000)
    assert "invalid config.json: nested too deeply" in message_of(nested)


@pytest.mark.parametrize("units", [10**11, 5_000_000])
def test_a_layer_larger_than_the_file_is_refused_before_it_is_built(saved, units):
    change = lambda content: content.replace(b'"units": 3', b'"units": %d' % units)  # noqa: E731
    assert f"its config.json has units={units}, but the file holds only" in message_of(
        edited(saved, config_json=change)
    )


@pytest.mark.parametrize("config", [b"[1, 2]", b"7", b"null", b'"text"', b"{}", b'{"config": 3}'])
def test_another_configuration_is_refused(saved, config):
    message_of(edited(saved, config_json=lambda content: config))


def test_weights_of_another_kind_are_refused(saved):
    message_of(edited(saved, model_weights_h5=lambda content: b"not HDF5" * 1000))
    message_of(edited(saved, model_weights_h5=lambda content: content[:-2000]))
    assert "it has no config.json" in message_of(edited(saved, config_json=lambda content: None))
    message_of(edited(saved, model_weights_h5=lambda content: None))


def test_code_is_refused(saved):
    Recognizer(network(keras.layers.Lambda(lambda x: x * 2))).save(saved)
    assert "contains Python code, such as a Lambda layer" in message_of(saved)


def test_other_files_and_models_are_named(tmp_path):
    network().save(tmp_path / "other.keras")
    assert "is a Sequential, not a Recognizer" in message_of(tmp_path / "other.keras")
    (tmp_path / "text.keras").write_text("text")
    assert "not a ZIP file" in message_of(tmp_path / "text.keras")
    assert "does not exist" in message_of(tmp_path / "missing.keras")
    assert "it is a folder" in message_of(tmp_path)
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    assert "it has no config.json" in message_of(tmp_path / "arrays.npz")
