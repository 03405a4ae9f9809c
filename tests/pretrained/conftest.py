"""PyTorch networks with random weights, and images that look different enough to tell apart."""

import cv2
import numpy as np
import pytest

from facerec_tf.data import Record, write_records
from facerec_tf.data.codec import encode_jpeg

NANO = {"units": (1, 2, 2, 1), "widths": (16, 32, 64, 128), "embedding_size": 256}


def smooth_images(count, size=112, seed=0):
    """Returns smooth float32 pixels `[count, size, size, 3]`: noise embeds to similar vectors."""
    draws = np.random.default_rng(seed).uniform(0, 255, (count, 8, 8, 3)).astype(np.float32)
    return np.stack([cv2.resize(image, (size, size)) for image in draws])


@pytest.fixture(scope="session")
def images():
    return smooth_images


@pytest.fixture(scope="session")
def torch():
    torch = pytest.importorskip("torch")
    # Beside TensorFlow's threads, a second one of its own makes PyTorch several times slower.
    torch.set_num_threads(1)
    return torch


@pytest.fixture(scope="session")
def randomize(torch):
    """Randomises all constant initial values of a network: norms, their statistics, slopes."""

    def uniform(tensor, low, high, generator):
        tensor.copy_(torch.rand(tensor.shape, generator=generator) * (high - low) + low)

    def change(network, seed=0):
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for module in network.modules():
                if hasattr(module, "running_var"):
                    uniform(module.running_mean, -0.2, 0.2, generator)
                    uniform(module.running_var, 0.5, 1.5, generator)
                    uniform(module.bias, -0.2, 0.2, generator)
                    if module.weight.requires_grad:
                        uniform(module.weight, 0.5, 1.5, generator)
                elif isinstance(module, torch.nn.PReLU):
                    uniform(module.weight, 0.0, 0.5, generator)
        return network

    return change


@pytest.fixture(scope="session")
def embed_by_torch(torch):
    """Embeds pixels `[n, h, w, 3]` as its project feeds a network, by default InsightFace's.

    Training, in float64: normalised by a few values, PyTorch's float32 may be 2e-4 away from it.
    """

    def embed(network, pixels, training=False, std=127.5):
        network.train(training)
        scaled = torch.from_numpy((pixels - 127.5) / std).permute(0, 3, 1, 2).contiguous()
        with torch.no_grad():
            if not training:
                return network(scaled).numpy()
            outputs = network.double()(scaled.double())
            network.float()
            return outputs.numpy()

    return embed


@pytest.fixture(scope="session")
def nano(torch, randomize):
    """A small IResNet in PyTorch, the layout of `iresnet_nano`."""
    from tools.torch_networks.iresnet import IResNet

    torch.manual_seed(1)
    return randomize(IResNet(**NANO)).eval()


@pytest.fixture
def nano_file(nano, torch, tmp_path):
    """Its state_dict in a file; arrays given by name replace its own, None leaves one out."""

    def write(name="nano.pt", **changes):
        state = {**nano.state_dict(), **changes}
        torch.save({k: v for k, v in state.items() if v is not None}, tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture(scope="session")
def records(tmp_path_factory):
    """A folder of 48 smooth images of 8 people."""
    folder = tmp_path_factory.mktemp("records")
    pixels = smooth_images(48, seed=5).astype(np.uint8)
    made = (
        Record(encode_jpeg(image), i % 8, f"person {i % 8}", f"{i}.jpg")
        for i, image in enumerate(pixels)
    )
    write_records(folder, made, num_shards=1)
    return folder
