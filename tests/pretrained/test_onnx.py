import copy
import warnings

import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.data import CropFormat, Record, sample_images, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.pretrained import import_weights, read_weights
from tests.tolerance import NETWORK, assert_close

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def export(torch, tmp_path_factory):
    """Writes a network with PyTorch's exporter, which folds BatchNorm into convolutions."""

    def write(network, size=112, **options):
        path = tmp_path_factory.mktemp("onnx") / "w.onnx"
        names = {"input_names": ["input.1"], "dynamic_axes": {"input.1": {0: "batch"}}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = torch.zeros(1, 3, size, size)
            torch.onnx.export(network.eval(), image, path, dynamo=False, **names, **options)
        return path

    return write


@pytest.fixture(scope="module")
def nano_onnx(nano, export):
    return export(nano)


@pytest.fixture
def edited(nano_onnx, tmp_path):
    """The small network's file after `change(graph)`."""

    def write(change):
        model = onnx.load(nano_onnx)
        change(model.graph)
        (tmp_path / "edited.onnx").write_bytes(model.SerializeToString())
        return tmp_path / "edited.onnx"

    return write


def run(path, fed):
    session = onnxruntime.InferenceSession(str(path))
    return session.run(None, {session.get_inputs()[0].name: fed.transpose(0, 3, 1, 2)})[0]


def make_iresnet18():
    from tools.torch_networks.iresnet import UNITS, IResNet

    return IResNet(UNITS["iresnet18"], image_size=48)


def make_mbf():
    from tools.torch_networks.mobilefacenet import MobileFaceNet

    return MobileFaceNet()


@pytest.mark.parametrize(
    ("name", "make", "size", "folded", "options"),
    [
        ("iresnet18", make_iresnet18, 48, 21, {"input_shape": (48, 48, 3)}),
        ("mbf", make_mbf, 112, 49, {}),
    ],
)
def test_outputs_equal_onnx_runtimes(randomize, export, images, name, make, size, folded, options):
    path = export(randomize(make()), size)
    initializers = [x.name for x in onnx.load(path).graph.initializer]
    assert sum(x.startswith("onnx::Conv") for x in initializers) == 2 * folded
    recognizer = import_weights(path, name, **options)
    pixels = images(2, size)
    expected = run(path, (pixels - 127.5) / 127.5)
    assert np.abs(expected).max() > 0.3
    assert_close(recognizer(pixels), expected, NETWORK)
    assert recognizer.origin["folded_batch_norms"] == folded
    assert "differ from ONNX Runtime's by" in recognizer.origin["proof"]


def test_what_is_not_folded_trains_as_it_did(nano, torch, export, embed_by_torch, images):
    mode = torch.onnx.TrainingMode.PRESERVE
    path = export(nano, do_constant_folding=False, training=mode)
    recognizer = import_weights(path, "iresnet_nano", dropout=0.0)
    assert recognizer.origin["folded_batch_norms"] == 0
    pixels = images(16)
    network = copy.deepcopy(nano)
    for training in (False, True):
        expected = embed_by_torch(network, pixels, training)
        assert_close(recognizer(pixels, training=training), expected, NETWORK)


def scale_inside(graph):
    """Puts what models born in MXNet begin with before the first layer."""
    graph.node[0].input[0] = "scaled"
    constants = {"mean": 127.5, "factor": 0.0078125}
    for name, value in constants.items():
        graph.initializer.append(onnx.numpy_helper.from_array(np.float32([value]), name))
    nodes = [
        onnx.helper.make_node("Sub", ["input.1", "mean"], ["centred"]),
        onnx.helper.make_node("Mul", ["centred", "factor"], ["scaled"]),
    ]
    for node in reversed(nodes):
        graph.node.insert(0, node)


def test_scaling_inside_the_graph_is_taken_over(edited, images):
    path = edited(scale_inside)
    recognizer = import_weights(path, "iresnet_nano")
    pixels = images(2)
    assert_close(recognizer(pixels), run(path, pixels), NETWORK)
    assert recognizer.origin["pixel_scale"] == 0.0078125
    fed = import_weights(path, "iresnet_nano", mean=10, std=2, channels="bgr")
    expected = run(path, (pixels[..., ::-1] - 10) / 2)
    assert_close(fed(pixels), expected, NETWORK)


def test_another_network_is_refused(nano_onnx):
    with pytest.raises(DataError, match=r"\d+ missing .* left over .*--backbone=iresnet_nano fits"):
        import_weights(nano_onnx, "iresnet_mini")


def find(graph, kind, number=0):
    return [node for node in graph.node if node.op_type == kind][number]


def shorten_a_shortcut(graph):
    """Adds to stage 2's last unit only one of the two parts of what it is fed."""
    before, add = find(graph, "Add", 1), find(graph, "Add", 2)
    add.input[[*add.input].index(before.output[0])] = before.input[0]


def multiply_by_weights(graph):
    find(graph, "PRelu", 1).op_type = "Mul"


def normalise_a_step(graph):
    find(graph, "PRelu", 1).op_type = "LayerNormalization"


def add_an_array(graph):
    graph.initializer.append(onnx.numpy_helper.from_array(np.ones(3, np.float32), "spare"))


def move_weights_out(graph):
    graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL


def add_an_input(graph):
    graph.input.append(graph.input[0])
    graph.input[-1].name = "second"


def shift_pixels_by_an_image(graph):
    graph.node[0].input[0] = "shifted"
    graph.node.insert(0, onnx.helper.make_node("Relu", ["input.1"], ["shifted"]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (shorten_a_shortcut, r"fed by other layers \(stage3_unit1_\w+, here by stage2_unit1_bn3"),
        (multiply_by_weights, "operator Mul has weights"),
        (normalise_a_step, "operator LayerNormalization has weights"),
        (add_an_array, "array 'spare' is not used"),
        (move_weights_out, "stores its weights in other files"),
        (add_an_input, "it has 2 inputs"),
        (shift_pixels_by_an_image, "the input of its first layer is not scaled pixels"),
    ],
)
def test_what_no_network_here_does_is_refused(edited, change, words):
    with pytest.raises(DataError, match=words):
        import_weights(edited(change), "iresnet_nano")


def test_the_same_layers_with_other_activations_are_found_out(edited):
    def change(graph):
        """PReLU only after negation: the same weights in the same wiring."""
        prelu = find(graph, "PRelu", 2)
        flowing = prelu.input[0]
        prelu.input[0] = "negated"
        place = [*graph.node].index(prelu)
        graph.node.insert(place, onnx.helper.make_node("Neg", [flowing], ["negated"]))

    with pytest.raises(
        DataError, match="has the layers of iresnet_nano but computes other embeddings"
    ):
        import_weights(edited(change), "iresnet_nano")


def test_a_damaged_file_is_named(nano_onnx, tmp_path):
    content = nano_onnx.read_bytes()
    for share in (0.001, 0.4, 0.99):
        path = tmp_path / "w.onnx"
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(DataError, match=r"ONNX file '.*w.onnx' is damaged"):
            read_weights(path)


def test_calibration_gives_folded_statistics_back(nano, export, records, embed_by_torch):
    """Trained on some images, folded, imported and calibrated on them: trains on as before."""
    pixels = sample_images(records, seed=0, identities=64, images=4).images.astype(np.float32)
    network = copy.deepcopy(nano)
    for module in network.modules():
        if hasattr(module, "running_var"):
            module.reset_running_stats()
            module.momentum = None  # The average over all there was: this one batch.
    embed_by_torch(network, pixels, training=True)
    path = export(network)
    plain = import_weights(path, "iresnet_nano", dropout=0.0)
    ready = import_weights(path, "iresnet_nano", dropout=0.0, calibration=records)
    assert ready.origin["calibration_images"] == len(pixels) == 32
    expected = embed_by_torch(network, pixels)
    assert_close(plain(pixels), expected, NETWORK)
    assert_close(ready(pixels), expected, NETWORK)
    expected = embed_by_torch(network, pixels, training=True)
    assert_close(ready(pixels, training=True), expected, 0.01)
    assert np.abs(plain(pixels, training=True) - expected).mean() > 0.3


def test_calibration_needs_images_of_the_networks_size(nano_onnx, tmp_path, images):
    image = encode_jpeg(images(1, 64)[0].astype(np.uint8))
    made = [Record(image, label, f"person {label}", f"{label}.jpg") for label in range(2)]
    write_records(tmp_path, made, crop_format=CropFormat((64, 64)), num_shards=1)
    with pytest.raises(DataError, match="no readable images of 112×112 pixels"):
        import_weights(nano_onnx, "iresnet_nano", calibration=tmp_path)
