"""Threads that share an embedder: each gets the embeddings of its own images."""

import concurrent.futures
import gc
import weakref

import numpy as np
import pytest

from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.models import Recognizer
from facerec_tf.serving import EXPORT_FORMATS, Embedder, export
from tests.serving.networks import images, small_iresnet
from tests.tolerance import NETWORK, assert_close

THREADS, CALLS = 8, 25

#: Sources of an embedder that are not exports → the function that loads it from a recognizer.
SOURCES = {
    "training": lambda recognizer, folder: Embedder.of_recognizer(recognizer, batch_size=4),
    "finished": lambda recognizer, folder: Embedder.of_finished(recognizer, batch_size=4),
    "keras_file": lambda recognizer, folder: load_saved(recognizer, folder / "model.keras"),
}


def load_saved(recognizer, path):
    recognizer.save(path)
    return Embedder(path, batch_size=4)


def load_export(form, recognizer, folder):
    for module in EXPORT_FORMATS[form].modules:
        pytest.importorskip(module)
    export(recognizer.backbone, folder / "export", form=form)
    return Embedder(folder / "export", batch_size=4)


@pytest.mark.parametrize("source", [*SOURCES, *EXPORT_FORMATS])
def test_every_thread_gets_its_own_embeddings(source, tmp_path):
    recognizer = Recognizer(small_iresnet())
    if source in SOURCES:
        embedder = SOURCES[source](recognizer, tmp_path)
    else:
        embedder = load_export(source, recognizer, tmp_path)
    # Batches of 1 to 7 images, so that threads ask for different shapes.
    jpegs = [[encode_jpeg(i) for i in images(1 + n % 7, seed=n)] for n in range(THREADS)]
    crops = [np.stack([decode_photo(jpeg) for jpeg in batch]) for batch in jpegs]
    expected = [embedder.embed(batch) for batch in crops]
    assert min(np.abs(a[0] - b[0]).max() for a in expected for b in expected if a is not b) > 0.01

    def embed(number):
        for call in range(CALLS):
            found = (
                embedder.embed(crops[number]) if call % 2 else embedder.embed_jpegs(jpegs[number])
            )
            assert_close(found, expected[number], NETWORK)

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(embed, range(THREADS)))


def test_the_interpreter_ends_with_its_embedder(tmp_path, monkeypatch):
    litert = EXPORT_FORMATS["litert"]
    plain, made = litert._interpreter_class(), []

    def make(**options):
        interpreter = plain(**options)
        made.append(weakref.ref(interpreter))
        return interpreter

    monkeypatch.setattr(litert, "_interpreter_class", lambda: make)
    export(small_iresnet(), tmp_path / "export", form="litert")
    embedder = Embedder(tmp_path / "export")
    embedder.embed(images(2))
    assert [reference() is not None for reference in made] == [True]
    del embedder
    gc.collect()
    assert [reference() for reference in made] == [None]
