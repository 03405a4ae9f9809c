"""Where the detector's model comes from, with a server on this machine for the network."""

import functools
import http.server
import os
import shutil
import threading

import pytest

from facerec_tf.alignment import model_file
from facerec_tf.alignment.model_file import find_model
from facerec_tf.core import files
from facerec_tf.core.errors import ArgumentError, DataError

NAME = "yunet_n_320_320.onnx"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "facerec_tf"


@pytest.fixture
def model(shared_dir):
    return shared_dir / "data" / "models" / NAME


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder that is served at the address of the model."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=folder)
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(model_file, "URL", f"http://127.0.0.1:{server.server_port}/{NAME}")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def refused(*words, **arguments):
    with pytest.raises(DataError) as error:
        find_model(**arguments)
    for word in words:
        assert word in str(error.value)


def test_a_given_file_is_taken_if_it_is_a_published_one(model, tmp_path):
    assert find_model(model) == model
    other = tmp_path / "other.onnx"
    other.write_bytes(b"another network")
    digest = files.sha256(other)
    expected = "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2"
    refused("other.onnx", f"has SHA-256 {digest}", expected, "--detector_sha256", given=other)
    assert find_model(other, sha256=digest.upper()) == other
    refused(f"expected {digest}.", given=model, sha256=digest)


def test_a_given_file_that_is_missing_is_never_replaced(cache, model, tmp_path, site):
    cache.mkdir(parents=True)
    shutil.copy(model, cache)
    shutil.copy(model, site)
    refused("nowhere.onnx", "No such file", given=tmp_path / "nowhere.onnx", fetch=True)
    refused("it is a folder", given=tmp_path)
    os.mkfifo(tmp_path / "pipe.onnx")
    refused("it is a named pipe", given=tmp_path / "pipe.onnx")
    (tmp_path / "large.onnx").touch()
    os.truncate(tmp_path / "large.onnx", 1 << 40)
    refused("at most 16,777,216 are read", given=tmp_path / "large.onnx")


@pytest.mark.parametrize("name", [NAME, "yunet_n_dynamic.onnx"])
def test_the_cache_is_looked_into(name, cache, model):
    refused(str(cache / name), "--detector_model=FILE", "is not in the cache", "--fetch_detector")
    cache.mkdir(parents=True)
    shutil.copy(model.parent / name, cache)
    assert find_model() == cache / name
    assert find_model(fetch=True) == cache / name
    (cache / name).write_bytes(b"damaged")
    refused(str(cache / name), "SHA-256")
    assert find_model(sha256=files.sha256(cache / name)) == cache / name


def test_without_xdg_the_cache_lies_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    refused(str(tmp_path / ".cache" / "facerec_tf" / NAME))


def test_it_is_fetched_once(cache, model, site):
    shutil.copy(model, site)
    assert find_model(fetch=True) == cache / NAME
    assert (cache / NAME).read_bytes() == model.read_bytes()
    (site / NAME).unlink()
    assert find_model(fetch=True) == cache / NAME
    assert find_model() == cache / NAME


def test_what_is_fetched_and_wrong_is_not_kept(cache, model, site):
    (site / NAME).write_bytes(model.read_bytes()[:-1])
    refused("The file downloaded from", f"/{NAME} has", "SHA-256", "81dbde155e98", fetch=True)
    refused("not in the cache")
    assert not cache.exists()
    own = files.sha256(site / NAME)
    assert find_model(fetch=True, sha256=own).read_bytes() == model.read_bytes()[:-1]


def test_no_such_page_and_no_network_are_told(cache, site, monkeypatch):
    refused(f"/{NAME}", str(cache / NAME), "404", "--detector_model=FILE", fetch=True)
    monkeypatch.setattr(model_file, "URL", "http://127.0.0.1:9/model.onnx")
    refused("http://127.0.0.1:9/model.onnx", "refused", fetch=True)
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_reported(cache, model, site):
    shutil.copy(model, site)
    cache.parent.write_text("a file where the cache should be")
    refused("Cannot download", str(cache / NAME), fetch=True)


def test_a_digest_is_checked_before_anything_is_read():
    with pytest.raises(ArgumentError, match="'sha256' must be 64 hexadecimal digits"):
        find_model("nowhere.onnx", sha256="81dbde")
