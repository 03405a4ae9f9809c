"""The kinds of files that the package reads, each as small as its format allows."""

import io
import json
import tarfile

import keras
import numpy as np
from PIL import Image

from facerec_tf.config import ExperimentConfig
from facerec_tf.curation.frames import read_frames
from facerec_tf.curation.names import read_names
from facerec_tf.curation.people import read_persons
from facerec_tf.data import CropFormat, Manifest, Pair, PairSet, Record, write_pair_set
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.index import load_index
from facerec_tf.data.photo import UnreadableError, decode_photo
from facerec_tf.data.records import read_shard
from facerec_tf.evaluation import Threshold
from facerec_tf.importers.arcface_tf2 import import_arcface_tf2
from facerec_tf.importers.lfw import read_pairs, read_people, read_photos
from facerec_tf.importers.mxnet import import_mxnet
from facerec_tf.importers.verification_bin import import_bin
from facerec_tf.importers.youtube_faces import read_splits
from facerec_tf.margins import ArcFace
from facerec_tf.models import Recognizer
from facerec_tf.photographs.folder_layouts import vggface2
from facerec_tf.photographs.landmark_cropper import read_landmarks
from facerec_tf.photographs.photo_table import read_table
from facerec_tf.photographs.progress_file import PROGRESS_FILE, ProgressFile
from facerec_tf.pretrained import read_weights
from facerec_tf.runs import RunFolder, load_keras, load_recognizer
from facerec_tf.serving import EXPORT_FORMATS, Embedder, export
from tests.fuzz.file_kind import FileKind
from tests.importers.mxnet_record_files import write_insightface
from tests.pretrained.mxnet_files import Symbol

SIZE = 8
IMAGES = np.random.default_rng(0).integers(0, 256, (40, SIZE, SIZE, 3), np.uint8)


def network():
    """A network of one convolution, with batch normalisation to fold."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, strides=2),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )


def recognizer():
    return Recognizer(network(), ArcFace(3))


def weights_of(model):
    return model.to_json(), [weight.numpy().tobytes() for weight in model.weights]


def records():
    return [
        Record(encode_jpeg(image), i % 4, f"P{i % 4}", f"P{i % 4}/{i}.jpg")
        for i, image in enumerate(IMAGES)
    ]


def make_pairs(folder):
    """A pair set, whose folder is one of records, too."""
    names = [record.filename for record in records()]
    pairs = [
        Pair(i % 2, a, b, i % 4 == j % 4)
        for i, a in enumerate(names[:8])
        for j, b in enumerate(names[:8])
        if i < j
    ]
    templates = {name: f"template of {name}" for name in names}
    pairs = [p._replace(first=templates[p.first], second=templates[p.second]) for p in pairs]
    options = {"name": "set", "crop_format": CropFormat((SIZE, SIZE)), "num_shards": 2}
    write_pair_set(folder / "set", records(), pairs, templates=templates, **options)


def read_pair_set(folder):
    found = PairSet.load(folder / "set")
    arrays = (found.first, found.second, found.same, found.folds, found.templates)
    return found.manifest, found.filenames, [array.tolist() for array in arrays]


def read_index(folder):
    index = load_index(folder / "set")
    arrays = (index.first, index.shard, index.offset, index.length)
    return [array.tolist() for array in arrays], index.read(np.arange(len(IMAGES))).tolist()


def read_written_records(folder):
    """A shard alone may lack its last records; those that are read must be those written."""
    written = set(records())
    paths = sorted((folder / "set").glob("*.tfrecord"))
    return all(record in written for path in paths for record in read_shard(path))


def read_intact_frames(folder):
    """Damaged frames are reported, not raised; what is left must be as it was written."""
    frames = [f for p in sorted((folder / "set").glob("*.tfrecord")) for f in read_frames(p)]
    whole = {record.filename: record for record in records()}
    return all(
        frame.fault or any(w.encoded in frame.data for w in whole.values()) for frame in frames
    )


def make_run(folder):
    model = recognizer()
    (folder / "config.json").write_text(ExperimentConfig().to_json())
    (folder / "architecture.json").write_text(model.to_json())
    (folder / "metrics.csv").write_text("step,loss\n10,1.5\n20,1.25\n30,\n")
    state = {f"model/{i:04d}": v.numpy() for i, v in enumerate(model.variables)}
    RunFolder(folder).checkpoints().save(state, step=10, metric=0.5)


def read_checkpoint(folder):
    return weights_of(load_recognizer(folder, "latest"))


def read_metrics(folder):
    return {k: v.tobytes() for k, v in RunFolder(folder).read_metrics().items()}


def make_export(form):
    return lambda folder: export(network(), folder / "export", form=form)


def read_export(folder):
    embedder = Embedder(folder / "export")
    return embedder.embed(IMAGES[:2]).tobytes(), embedder.vectors(IMAGES[:2]).tobytes()


def write_text(name, text):
    return lambda folder: (folder / name).write_text(text)


def write_threshold(folder):
    Threshold(0.25, target_fmr=1e-3, model_digest="abc").save(folder / "threshold.json")


def landmarks(folder):
    return {k: v.tolist() for k, v in read_landmarks(folder / "landmarks.csv").items()}


def write_table(folder):
    rows = "".join(f"p{i}/{i}.jpg,p{i}\n" for i in range(9))
    (folder / "photos.csv").write_text("path,label\n" + rows)


def write_parquet(folder):
    import pyarrow
    from pyarrow import parquet

    rows = {"path": [f"{i}.jpg" for i in range(9)], "label": [f"p{i}" for i in range(9)]}
    parquet.write_table(pyarrow.table(rows), folder / "photos.parquet")


def write_vggface2(folder):
    for person in ("n000001", "n000002"):
        (folder / "train" / person).mkdir(parents=True)
        (folder / "train" / person / "0001_01.jpg").touch()
    (folder / "identity_meta.csv").write_text(
        'Class_ID, Name, Sample_Num, Flag, Gender\nn000001, "A_B", 1, 1, m\nn000002, "C", 1, 1, f\n'
    )


def write_progress(folder):
    face = {f"p/{i}.jpg": [1.0] * 15 for i in range(2)}
    lines = [{"detector": "yunet"}, ["p/a.jpg", [10, 20], face, None, False]]
    lines.append(["p/b.jpg", [10, 20], {}, "no face", False])
    (folder / PROGRESS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines))


def read_progress(folder):
    file = ProgressFile(folder, {"detector": "yunet"})
    file.close()
    return {name: (p.stamp, p.reason, p.is_damaged) for name, p in file.finished.items()}


def write_splits(folder):
    rows = [
        f"{fold + 1}, {i}, A_B/{i}, {'A_B' if i % 2 else 'C_D'}/{i + 1}, {i % 2}, {i % 2}\n"
        for fold in range(10)
        for i in range(500)
    ]
    (folder / "splits.txt").write_text(
        "split number, pair number, first, second, same, same\n" + "".join(rows)
    )


def write_mxnet(folder):
    images = [(i // 10, encode_jpeg(image)) for i, image in enumerate(IMAGES)]
    write_insightface(folder, images, size=SIZE)
    lines = (f"{i + 1}\t{i // 10}\tp{i // 10}/{i}.jpg\n" for i in range(len(IMAGES)))
    (folder / "train.lst").write_text("".join(lines))


class Imported:
    """Imports into a new folder each time, and returns the records written there."""

    def __init__(self, run):
        self.run, self.number = run, 0

    def __call__(self, folder):
        self.number += 1
        output = folder / f"imported-{self.number}"
        self.run(folder, output)
        manifest = Manifest.load(output)
        return [list(read_shard(output / shard.file)) for shard in manifest.shards]


def mxnet_into(folder, output):
    import_mxnet(folder / "train.rec", output, lst=folder / "train.lst", num_shards=1)


def write_bin(folder):
    import pickle

    images = [encode_jpeg(image) for image in IMAGES]
    same = [i % 2 == 0 for i in range(len(images) // 2)]
    (folder / "pairs.bin").write_bytes(pickle.dumps((images, same)))


def write_arcface_tf2(folder):
    import tensorflow as tf

    def feature(value):
        if isinstance(value, int):
            return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    with tf.io.TFRecordWriter(str(folder / "ms1m.tfrecord")) as writer:
        for i, image in enumerate(IMAGES):
            features = {
                "image/source_id": feature(i % 4),
                "image/filename": feature(f"{i % 4}/{i}.jpg".encode()),
                "image/encoded": feature(encode_jpeg(image)),
            }
            example = tf.train.Example(features=tf.train.Features(feature=features))
            writer.write(example.SerializeToString())


def arcface_tf2_into(folder, output):
    crop_format = CropFormat((SIZE, SIZE))
    import_arcface_tf2([folder / "ms1m.tfrecord"], output, crop_format=crop_format, num_shards=1)


def write_params(folder):
    symbol = Symbol()
    x = symbol.add("_minus_scalar", "_minusscalar0", 0, scalar=127.5)
    symbol.norm("bn0", symbol.conv("conv0", x, 3, 4, 3), 4, eps=2e-5, fix_gamma=False)
    symbol.write(folder)


def write_pth(folder):
    import torch

    state = {"layer.weight": torch.arange(1200.0).reshape(30, 40), "layer.bias": torch.ones(3)}
    torch.save(state, folder / "weights.pth")


def write_old_pth(folder):
    import torch

    state = {"layer.weight": torch.arange(12.0).reshape(3, 4), "layer.bias": torch.ones(3)}
    torch.save(state, folder / "weights.pth", _use_new_zipfile_serialization=False)


def write_onnx(folder):
    import onnx

    rng = np.random.default_rng(0)
    weights = {
        "k": rng.normal(size=(4, 3, 3, 3)),
        "b": rng.normal(size=4),
        "d": rng.normal(size=(4, 4)),
    }
    image = onnx.helper.make_tensor_value_info("image", 1, [None, 3, SIZE, SIZE])
    output = onnx.helper.make_tensor_value_info("output", 1, [None, 4])
    nodes = [
        onnx.helper.make_node("Conv", ["image", "k", "b"], ["x"]),
        onnx.helper.make_node("GlobalAveragePool", ["x"], ["y"]),
        onnx.helper.make_node("Flatten", ["y"], ["z"]),
        onnx.helper.make_node("Gemm", ["z", "d"], ["output"]),
    ]
    tensors = [onnx.numpy_helper.from_array(v.astype("f4"), k) for k, v in weights.items()]
    graph = onnx.helper.make_graph(nodes, "net", [image], [output], tensors)
    onnx.save(onnx.helper.make_model(graph), folder / "weights.onnx")


def weights_read_from(name):
    def read(folder):
        source = read_weights(folder / name)
        arrays = {k: (v.shape, v.tobytes()) for k, v in source.arrays.items()}
        return arrays, source.scaling, source.epsilons, source.fixed_gammas

    return read


def write_picture(name, **options):
    return lambda folder: Image.fromarray(IMAGES[0]).save(folder / name, **options)


def read_picture(name):
    return lambda folder: decode_photo((folder / name).read_bytes()).tobytes()


def write_tar(name):
    mode = "w:gz" if name.endswith("gz") else "w"

    def write(folder):
        with tarfile.open(folder / name, mode) as tar:
            for i, image in enumerate(IMAGES[:6]):
                encoded = encode_jpeg(image)
                member = tarfile.TarInfo(f"lfw/A_B/A_B_{i:04d}.jpg")
                member.size = len(encoded)
                tar.addfile(member, io.BytesIO(encoded))

    return write


LANDMARKS = "image,a,b,c,d,e,f,g,h,i,j\n" + "".join(
    f"p/{number}.jpg,1,2,3,4,5,6,7,8,9,10\n" for number in range(3)
)
LFW_PAIRS = "10\t1\n" + "A_B\t1\t2\nA_B\t1\tC_D\t2\n" * 10

FILE_KINDS = (
    FileKind(
        "keras",
        lambda folder: recognizer().save(folder / "model.keras"),
        lambda folder: weights_of(load_keras(folder / "model.keras")),
        ("model.keras",),
        verified=True,
        flips=30,
        cuts=8,
    ),
    *(
        FileKind(
            f"export_{form}",
            make_export(form),
            read_export,
            ("export/**/*.*",),
            verified=True,
            modules=EXPORT_FORMATS[form].modules,
        )
        for form in EXPORT_FORMATS
    ),
    FileKind(
        "checkpoint",
        make_run,
        read_checkpoint,
        ("checkpoints/*/variables.npz",),
        verified=True,
        flips=20,
    ),
    FileKind("checkpoint_state", make_run, read_checkpoint, ("checkpoints/*/state.json",)),
    FileKind("run_config", make_run, lambda folder: RunFolder(folder).config(), ("config.json",)),
    FileKind(
        "run_architecture",
        make_run,
        lambda folder: RunFolder(folder).build_recognizer().to_json(),
        ("architecture.json",),
        flips=12,
    ),
    FileKind("run_metrics", make_run, read_metrics, ("metrics.csv",)),
    FileKind(
        "records_index",
        make_pairs,
        read_index,
        ("set/*.tfrecord",),
        verified=True,
        flips=15,
        cuts=15,
    ),
    FileKind(
        "records_shard",
        make_pairs,
        read_written_records,
        ("set/*.tfrecord",),
        verified=True,
        flips=15,
        cuts=15,
    ),
    FileKind(
        "records_frames",
        make_pairs,
        read_intact_frames,
        ("set/*.tfrecord",),
        verified=True,
        flips=15,
        cuts=15,
    ),
    FileKind(
        "pair_set", make_pairs, read_pair_set, ("set/*.tfrecord",), verified=True, flips=15, cuts=15
    ),
    FileKind(
        "manifest",
        make_pairs,
        read_pair_set,
        ("set/manifest.json",),
        names=lambda file: str(file.parent),  # A shard whose name in it is changed is missing.
        flips=20,
        cuts=15,
    ),
    FileKind(
        "pair_lists",
        make_pairs,
        read_pair_set,
        ("set/*.csv",),
        names=lambda file: str(file.parent),  # A name in one list may be missing in another.
        flips=15,
        cuts=15,
    ),
    FileKind(
        "threshold", write_threshold, lambda f: Threshold.load(f / "threshold.json"), ("*.json",)
    ),
    FileKind(
        "landmarks",
        write_text("landmarks.csv", LANDMARKS),
        landmarks,
        ("landmarks.csv",),
        flips=15,
        cuts=15,
    ),
    FileKind("table", write_table, lambda f: read_table(f / "photos.csv"), ("photos.csv",)),
    FileKind(
        "parquet",
        write_parquet,
        lambda f: read_table(f / "photos.parquet"),
        ("photos.parquet",),
        modules=("pyarrow",),
    ),
    FileKind(
        "names",
        write_text("names.txt", "A\nB\nC\n"),
        lambda f: read_names(f / "names.txt"),
        ("*.txt",),
    ),
    FileKind(
        "persons",
        write_text("persons.csv", "dataset,identity,person\na,x,X\na,y,Y\nb,x,X\n"),
        lambda f: read_persons(f / "persons.csv", {"a": ["x", "y"], "b": ["x"]}),
        ("persons.csv",),
    ),
    FileKind("vggface2", write_vggface2, vggface2, ("identity_meta.csv",)),
    FileKind("progress", write_progress, read_progress, (PROGRESS_FILE,)),
    FileKind(
        "lfw_people",
        write_text("people.txt", "2\nA_B\t3\nC_D\t1\n"),
        lambda f: read_people(f / "people.txt"),
        ("*.txt",),
        flips=15,
        cuts=15,
    ),
    FileKind(
        "lfw_pairs",
        write_text("pairs.txt", LFW_PAIRS),
        lambda f: read_pairs(f / "pairs.txt"),
        ("*.txt",),
        flips=15,
        cuts=15,
    ),
    FileKind("youtube_splits", write_splits, lambda f: read_splits(f / "splits.txt"), ("*.txt",)),
    FileKind(
        "lfw_tar",
        write_tar("lfw.tar"),
        lambda f: list(read_photos(f / "lfw.tar")),
        ("lfw.tar",),
        flips=15,
        cuts=15,
    ),
    FileKind(
        "lfw_tgz",
        write_tar("lfw.tgz"),
        lambda f: list(read_photos(f / "lfw.tgz")),
        ("lfw.tgz",),
        verified=True,
        flips=15,
        cuts=15,
    ),
    FileKind(
        "mxnet_records",
        write_mxnet,
        Imported(mxnet_into),
        ("train.rec", "train.idx", "train.lst", "property"),
        names=lambda file: str(file.parent),  # Index and record file contradict each other.
        flips=15,
        cuts=15,
    ),
    FileKind(
        "mxnet_weights", write_params, weights_read_from("model-0000.params"), ("model*",), flips=20
    ),
    FileKind(
        "verification_bin",
        write_bin,
        Imported(lambda f, o: import_bin(f / "pairs.bin", o)),
        ("pairs.bin",),
        flips=20,
        cuts=15,
    ),
    FileKind(
        "arcface_tf2",
        write_arcface_tf2,
        Imported(arcface_tf2_into),
        ("ms1m.tfrecord",),
        verified=True,
        flips=15,
        cuts=15,
    ),
    FileKind(
        "pytorch",
        write_pth,
        weights_read_from("weights.pth"),
        ("weights.pth",),
        modules=("torch",),
        flips=20,
        verified=True,
    ),
    FileKind(
        "pytorch_legacy",
        write_old_pth,
        weights_read_from("weights.pth"),
        ("weights.pth",),
        modules=("torch",),
        flips=20,
    ),
    FileKind(
        "onnx_weights",
        write_onnx,
        weights_read_from("weights.onnx"),
        ("weights.onnx",),
        modules=("onnx",),
        flips=20,
    ),
    *(
        FileKind(
            f"picture_{name}",
            write_picture(f"picture.{name}"),
            read_picture(f"picture.{name}"),
            (f"picture.{name}",),
            error=UnreadableError,
            names=None,  # The caller knows the name.
            flips=12,
        )
        for name in ("jpg", "png", "webp", "tiff", "bmp", "gif")
    ),
)
