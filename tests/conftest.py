"""What every test finds: two logical CPU devices, and the real faces if they are there."""

import os
import signal
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow as tf

from tests.forked import run_forked

ROOT = Path(__file__).resolve().parent.parent

# Before TensorFlow starts up: afterwards the devices are fixed.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


def pytest_collection_modifyitems(items):
    """Runs the long tests first: at the end, one of them would keep a single worker busy."""
    items.sort(key=lambda item: "slow" not in item.keywords and item.path.suffix != ".ipynb")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder with LFW and pretrained models; tests on real faces skip without it."""
    path = Path(os.environ.get("FACEREC_SHARED", ROOT.parent / "shared")).resolve()
    if not (path / "data" / "SHA256SUMS").is_file():
        pytest.skip(f"no real faces at {path} (set FACEREC_SHARED)")
    return path


@pytest.fixture
def heed_interrupts():
    """The reactions of a command in a terminal to SIGINT and SIGHUP.

    A background job of a shell inherits SIGINT as ignored, and one of `nohup` SIGHUP.
    """
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def run_verb():
    """Runs `python -m facerec_tf VERB FLAGS`; flags are given as keyword arguments."""

    def run(verb, **arguments):
        flags = (f"--{flag}={value}" for flag, value in arguments.items())
        return run_forked("facerec_tf", verb, *flags)

    return run


@pytest.fixture(scope="session")
def run_tool():
    """Runs `python tools/NAME.py FLAGS`; flags are given as keyword arguments."""

    def run(name, **arguments):
        flags = (f"--{flag}={value}" for flag, value in arguments.items())
        return run_forked(ROOT / "tools" / f"{name}.py", *flags)

    return run
