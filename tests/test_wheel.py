"""A wheel in a bare environment, without the checkout: everything a user types is in it."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from facerec_tf.verbs.table import VERBS
from tests.conftest import ROOT
from tests.shared_folder import shared_folder

#: What the wheel is built from; not in place, as the build writes to its folder.
SOURCES = ("facerec_tf", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def install(home):
    """Builds the wheel and installs it into `home/environment`, without its dependencies."""
    sources = home / "sources"
    sources.mkdir(parents=True)
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, sources / name)
    pip = [sys.executable, "-m", "pip"]
    build = ["wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={home}", sources]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    environment = home / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    (site,) = environment.glob("lib/python*/site-packages")
    (wheel,) = home.glob("*.whl")
    into = [f"--python={environment}", "install", "--no-deps", wheel]
    subprocess.run([*pip, *into], check=True, capture_output=True)
    # The other packages are those of this environment, but for its editable facerec_tf: a .pth
    # file adds the folder without running the .pth files in it.
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Folder with the wheel, and with an environment that has it installed."""
    return shared_folder(tmp_path_factory, "wheel", install)


@pytest.fixture(scope="session")
def facerec(home):
    """Returns a function that runs `facerec ARGUMENTS` of an environment with the wheel alone."""
    binaries = home / "environment" / "bin"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}

    def run(*arguments, program="facerec"):
        return subprocess.run(
            [binaries / program, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=home,
            env=clean,
            timeout=300,
            check=False,
        )

    return run


def test_only_the_package_is_in_it(home):
    (wheel,) = home.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"facerec_tf"}
    assert "facerec_tf/py.typed" in names


def test_the_checkout_is_not_seen(facerec):
    done = facerec("-c", "import facerec_tf; print(facerec_tf.__file__)", program="python")
    assert done.returncode == 0, done.stderr
    assert str(ROOT) not in done.stdout
    assert "environment/lib" in done.stdout


def test_it_lists_its_verbs(facerec):
    done = facerec()
    assert done.returncode == 0, done.stderr
    assert all(f"\n  {verb} " in done.stdout for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(facerec, verb):
    done = facerec(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"usage: facerec {verb} [")


def test_a_verb_from_end_to_end(facerec, tmp_path):
    small = ["--identities=3", "--images=2", "--holdout_identities=0"]
    done = facerec("make-synthetic", f"--output={tmp_path / 'records'}", *small)
    assert done.returncode == 0, done.stderr
    assert "training: 6 images of 3 people" in done.stdout
    done = facerec(
        "inspect-records", f"--data={tmp_path / 'records'}", f"--output={tmp_path / 'out'}"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "inspection.json").is_file()


def test_losses_and_backbones_are_described(facerec):
    done = facerec("losses", "arcface")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("arcface: ArcFace 1801.07698\n")
    assert facerec("backbones", "mbf").stdout.startswith("mbf: ")
