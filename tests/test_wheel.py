"""A wheel in a bare environment, without the checkout: everything a user types is in it."""

import os
import subprocess
import sys
import sysconfig
import zipfile

import pytest

from facerec_tf.verbs.table import VERBS
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", f"--wheel-dir={folder}", str(ROOT)),
        ],
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def facerec(wheel, tmp_path_factory):
    """Returns a function that runs `facerec ARGUMENTS` of an environment with the wheel alone."""
    home = tmp_path_factory.mktemp("bare")
    environment = home / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    binaries = environment / "bin"
    subprocess.run(
        [binaries / "python", "-m", "pip", "install", "--quiet", "--no-deps", str(wheel)],
        check=True,
        capture_output=True,
    )
    # The other packages are those of this environment, but for its editable facerec_tf: a .pth
    # file adds the folder without running the .pth files in it.
    (site,) = environment.glob("lib/python*/site-packages")
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
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


def test_only_the_package_is_in_it(wheel):
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
    assert done.stdout.startswith(f"usage: facerec {verb} [flags]")


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
