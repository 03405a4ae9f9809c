"""What a user sees who mistypes: one line that names the thing, before work starts."""

import shutil

import pytest

from facerec_tf.models import MAIN_LOSSES
from tests.experiment.conftest import SMALL
from tests.forked import run_forked


def forked(verb, *flags, **options):
    return run_forked(f"facerec_tf.{verb}", *flags, **options)


def assert_refused(result, *words):
    assert result.returncode != 0
    assert "Traceback" not in result.stderr, result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--loss=arcfase"], ["'loss' must be one of", "Did you mean 'arcface'"]),
        (["--backbone=iresnet51"], ["'backbone' must be one of", "Did you mean 'iresnet50'"]),
        (["--loss=cosface", "--easy_margin"], ["--easy_margin is not used by --loss=cosface"]),
        (["--s=-1"], ["Argument 's' must be positive. Received: s=-1.0"]),
        (["--data=nowhere"], ["nowhere"]),
        (["--optimizer=adamm"], ["Did you mean 'adamw'"]),
        (["--lrr=1"], ["lrr"]),
        (["--resume"], ["Missing flag: --workdir=RUN, the run that --resume continues"]),
        (["--resume", "--workdir=nowhere"], ["nowhere holds no run"]),
        (["arcface"], ["Unexpected argument 'arcface'"]),
        (["--workdir=/dev/null/run"], ["/dev/null"]),
        (
            ["--optimizer=adamw", "--momentum=0.8"],
            ["--momentum is not used with --optimizer=adamw"],
        ),
        (["--decay_power=2", "--schedule=cosine"], ["--decay_power is not used with"]),
        (["--data=x", "--synthetic_images=9"], ["--synthetic_images is not used with --data=x"]),
        (["--auxiliary=centre:1"], ["'auxiliary' must be one of", "Did you mean 'center'"]),
        (["--auxiliary=center,center:1"], ["each loss once", "'center' 2 times"]),
        (["--loss=triplet", "--auxiliary=intra:1"], ["Intra needs a margin head", "Triplet"]),
        (["--loss=inter"], ["Inter needs a margin head"]),
        (["--loss=triplet", "--mining=hard"], ["Did you mean 'semi_hard'"]),
        (["--loss=triplet", "--s=3"], ["--s is not used by --loss=triplet, which takes --m"]),
        (["--loss=subcenter_arcface", "--k=0"], ["'k' must be an integer of at least 1"]),
        (["--loss=combined", "--m1=-1"], ["'m1' must be positive. Received: m1=-1.0"]),
        (["--loss=triplet", "--batch_size=30"], ["'batch_size' must be", "images_per_identity=4"]),
        (
            ["--loss=triplet", "--synthetic_identities=4", "--batch_size=32"],
            ["'batch_size' must be at most 16", "4 identities"],
        ),
        (["--batch_size=5000"], ["'batch_size' must be at most 4000, all images"]),
        (["--min_images=11"], ["'min_images' must be at most synthetic_images=10"]),
        (["--pretrained=nowhere.keras"], ["nowhere.keras does not exist"]),
        (["--schedule=steps", "--boundaries=0,10"], ["'boundaries' must be ascending steps"]),
        (["--seed=5000000000"], ["'seed' must be"]),
        (["--embedding_size=99999999999"], ["'embedding_size' must be an integer of at most 65,"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_train_refuses(tmp_path, flags, words):
    assert_refused(forked("train", *flags, cwd=tmp_path), *words)
    assert list(tmp_path.iterdir()) == []


def test_a_strategy_without_its_devices(command, tmp_path):
    result = command("train", "--strategy=mirrored", cwd=tmp_path)
    assert_refused(result, "'strategy' must be 'one_device': ")


def test_records_that_do_not_match_their_manifest(faces, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(faces, broken)
    shard = sorted(broken.glob("*.tfrecord"))[0]
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    workdir = tmp_path / "run"
    assert_refused(forked("train", f"--data={broken}", f"--workdir={workdir}", *SMALL), shard.name)
    assert not workdir.exists()


def test_a_workdir_of_another_run(faces, finished_run):
    result = forked("train", f"--data={faces}", f"--workdir={finished_run}", *SMALL)
    assert_refused(result, "already holds a run", "--resume")


def test_a_flag_that_contradicts_the_run_to_resume(finished_run):
    result = forked("train", f"--workdir={finished_run}", "--resume", "--lr=0.5")
    assert_refused(result, "optimizer.lr", "config.json")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], ["--workdir=RUN or --model=FILE"]),
        (["--model=missing.keras", "--data=."], ["missing.keras does not exist"]),
        (["--workdir=RUN", "--protocol=lfw_view9"], ["lfw_view9", "synthetic"]),
        (["--workdir=RUN", "--checkpoint=newest"], ["'checkpoint' must be one of"]),
        (
            ["--model=RUN/recognizer.keras", "--checkpoint=best"],
            ["--checkpoint=best selects"],
        ),
        (["--workdir=RUN", "--output=/dev/null/x"], ["'/dev/null' is a file"]),
    ],
)
def test_evaluate_refuses(finished_run, tmp_path, flags, words):
    flags = [flag.replace("RUN", str(finished_run)) for flag in flags]
    assert_refused(forked("evaluate", *flags, cwd=tmp_path), *words)


@pytest.mark.parametrize("verb", ["train", "evaluate", "export"])
def test_help_lists_the_flags(verb):
    result = forked(verb, "--help")
    shown = {"train": "--loss", "evaluate": "--protocol", "export": "--output"}[verb]
    assert shown in result.stdout
    for name in MAIN_LOSSES if verb == "train" else ():
        assert f" {name}," in result.stdout or f" {name}." in result.stdout


def test_a_keras_file_that_is_none(tmp_path):
    (tmp_path / "x.keras").write_text("no zip")
    assert_refused(forked("export", "--model=x.keras", "--output=out", cwd=tmp_path), "x.keras")
    assert not (tmp_path / "out").exists()


def test_an_export_overwrites_nothing(finished_run, tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    assert_refused(
        forked("export", f"--workdir={finished_run}", f"--output={tmp_path}"), "not empty"
    )
    assert_refused(forked("export", f"--workdir={finished_run}"), "--output")
    assert (tmp_path / "mine.txt").read_text() == "keep"
