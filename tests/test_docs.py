"""README.md, CONTRIBUTING.md, docs/ and experiments/: links, commands, tables and English."""

import ast
import functools
import json
import re
import shlex
import subprocess
import sys

import pytest

import facerec_tf
from facerec_tf import BACKBONES
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.models import MAIN_LOSSES
from tests.conftest import ROOT

README = ROOT / "README.md"
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "experiments").glob("*.md")),
]
RECIPES = sorted((ROOT / "experiments").glob("*.flags"))
TEXTS = [*PAGES, *RECIPES, *sorted((ROOT / "experiments").glob("notebooks/*.ipynb"))]

#: Names for packages and levels that the documentation does not use, beside those that
#: `test_language` bans everywhere.
METAPHORS = {r"\b(?:rooms?|house|floors?)\b": "'package', 'level'"}

FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
#: Flags that absl itself defines.
ABSL_FLAGS = {"flagfile", "help"}

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
every_text = pytest.mark.parametrize("text", TEXTS, ids=lambda path: path.name)


def prose(path):
    """Returns the text of a file; of a notebook, the text of its Markdown cells."""
    text = path.read_text()
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def headings(page):
    """Returns the anchors that GitHub gives the headings of `page`."""
    text = FENCED.sub("", page.read_text())
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(text):
    """Yields the words of every `facerec VERB …` and `python -m facerec_tf… …` in a text."""
    quoted = re.findall(r"`([^`\n]+)`", FENCED.sub("", text))
    fenced = [block for _, block in FENCED.findall(text)]
    lines = "\n".join([*quoted, *fenced]).replace("\\\n", " ").splitlines()
    for line in lines:
        if re.match(r"(facerec|python -m facerec_tf\S*) (?!VERB|NAME|help )\S", line):
            # What follows `--` are the flags of Apache Beam, what follows `&&` another command.
            yield re.split(r" -- | && ", " ".join(shlex.split(line, comments=True)))[0].split()


def verb_of(words):
    """Returns the verb of a command, and the words after it."""
    if words[0] == "facerec":
        return words[1], words[2:]
    module, rest = words[2], words[3:]
    return (rest[0], rest[1:]) if module == "facerec_tf" else (module.split(".")[1], rest)


def shown():
    """Yields `(page, verb, flag)` for every flag of every command of the documentation."""
    for page in PAGES:
        for words in commands(page.read_text()):
            verb, rest = verb_of(words)
            yield page.name, verb, None
            for word in rest:
                if match := re.match(r"--(\w+)", word):
                    yield page.name, verb, match[1]


@functools.cache
def flags_of(verb):
    """Returns the names of the flags that `facerec VERB --helpfull` lists."""
    done = subprocess.run(
        [sys.executable, "-m", "facerec_tf", verb, "--helpfull"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    flags = set(re.findall(r"^ +-(?:\w,)?-(?:\[no\])?(\w+)", done.stdout, re.MULTILINE))
    assert done.returncode == 0, done.stderr
    return flags | ABSL_FLAGS


def test_the_readme_is_one_page():
    assert len(README.read_text().splitlines()) <= 120


@every_page
def test_relative_links_resolve(page):
    for link in LINK.findall(FENCED.sub("", page.read_text())):
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in headings(target), link


def test_the_map_links_every_page():
    links = {link.partition("#")[0] for link in LINK.findall((ROOT / "docs/index.md").read_text())}
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"} <= links


def test_every_command_exists():
    from facerec_tf.verbs.table import VERBS

    verbs = {verb for _, verb, _ in shown()}
    assert verbs <= set(VERBS), verbs - set(VERBS)
    assert len(verbs) > 15


def test_every_verb_is_documented():
    from facerec_tf.verbs.table import VERBS

    assert set(VERBS) <= {verb for _, verb, _ in shown()}


def test_every_flag_exists():
    given = [(page, verb, flag) for page, verb, flag in shown() if flag]
    assert not [found for found in given if found[2] not in flags_of(found[1])]


@every_page
def test_flags_in_prose_exist(page):
    from facerec_tf.verbs.table import VERBS

    named = set(re.findall(r"`--(\w+)", FENCED.sub("", page.read_text())))
    assert named <= set().union(*map(flags_of, VERBS))


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.name)
def test_recipes_name_commands_that_exist(recipe):
    from facerec_tf.verbs.table import VERBS

    header = [line for line in recipe.read_text().splitlines() if line.startswith("#")]
    named = re.findall(r"facerec ([\w-]+)|facerec_tf\.(\w+)", "\n".join(header))
    assert {first or second for first, second in named} <= set(VERBS)


@every_page
def test_python_examples_use_public_names(page):
    for language, block in FENCED.findall(page.read_text()):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "facerec_tf":
                assert {alias.name for alias in node.names} <= set(facerec_tf.__all__)
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "facerec_tf":
                assert node.attr in facerec_tf.__all__


@every_text
def test_no_paths_of_one_machine(text):
    assert not re.search(r"(?<![\w.])/(work|home|root|tmp|Users)/", text.read_text())


@every_text
def test_plain_english(text):
    from tests.test_language import ALLOWED, BANNED

    plain = " ".join(prose(text).split())
    for phrase in ALLOWED:
        plain = re.sub(phrase, "", plain)
    for pattern, instead in (BANNED | METAPHORS).items():
        found = re.search(pattern, plain)
        assert not found, f"{plain[found.start() - 40 : found.end() + 20]!r}: write {instead}"


def test_the_architecture_lists_every_package():
    text = (ROOT / "docs/ARCHITECTURE.md").read_text()
    for path in (ROOT / "facerec_tf").iterdir():
        if path.is_dir() and any(path.glob("*.py")):
            assert f"`{path.name}/`" in text, path.name
        elif path.suffix == ".py" and path.stem not in ("__init__", "version"):
            assert f"`{path.name}`" in text, path.name


def test_the_tables_name_every_loss():
    rows = (ROOT / "docs/losses.md").read_text().splitlines()
    for name, kind in MAIN_LOSSES.items():
        row = next((r for r in rows if r.startswith(f"| `{name}` |")), "")
        assert row, name
        for parameter in set(hyperparameters(kind)) - {"gradient"}:
            anneals = parameter in ("lambda_base", "lambda_min", "gamma", "power")
            wanted = f"{parameter}|λ" if anneals else parameter
            assert re.search(rf"\b({wanted})\b", row.split("|")[3]), (name, parameter)


def test_the_table_names_every_backbone():
    text = (ROOT / "docs/backbones.md").read_text()
    table = text[text.index("| `--backbone` |") :].split("\n\n")[0]
    found = {}
    for row in table.splitlines()[2:]:
        names, *cells = (cell.strip() for cell in row.split("|")[1:5])
        for place, name in enumerate(re.findall(r"`(.*?)`", names)):
            values = (re.findall(r"[\d.×]+", cell) for cell in cells)
            # One value in a cell is that of all its names.
            found[name] = [v[min(place, len(v) - 1)] if v else None for v in values]
    assert found.keys() - {"keras:NAME"} == BACKBONES.keys()
    for name, network in BACKBONES.items():
        size, parameters, work = found[name]
        assert size == "{}×{}".format(*network.image_size)
        assert float(parameters) == pytest.approx(network.parameters / 1e6, rel=0.01, abs=0.05)
        assert float(work) == pytest.approx(network.multiply_adds / 1e9, rel=0.05, abs=0.005)
