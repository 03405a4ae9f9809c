"""The house as its plan says: imports point one way, absl stays at the door."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "facerec_tf"
#: `python -m facerec_tf.VERB`; the verbs themselves are in `verbs`.
ENTRIES = ("train", "evaluate", "export", "align")

#: Room → floor; a module may import from its own room, and from rooms on lower floors.
FLOORS = {
    "version": 0,
    "core": 1,
    "config": 2,
    **dict.fromkeys(
        ("margins", "losses", "backbones", "data", "alignment", "evaluation", "visualize"), 3
    ),
    "models": 4,
    **dict.fromkeys(("pretrained", "runs"), 5),
    **dict.fromkeys(("training", "serving"), 6),
    **dict.fromkeys(("photographs", "curation"), 7),
    **dict.fromkeys(("importers", "experiment"), 8),
    **dict.fromkeys(("flags", "command"), 9),
    "verbs": 10,
    **dict.fromkeys(ENTRIES, 11),
}
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.stem in FLOORS)


def room(path):
    """Returns the package of a module; what `python -m` runs is an entry."""
    if path.name == "__main__.py":
        return ENTRIES[0]
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """Yields the dotted names a module imports, of `from a import b` both `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_to_lower_floors(path):
    own = room(path)
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "facerec_tf" or len(parts) == 1 or parts[1] == own:
            continue
        if parts[1] in FLOORS:
            assert FLOORS[parts[1]] < FLOORS[own], f"{own} imports {name}"


def test_every_room_has_its_floor():
    rooms = {room(p) for p in PACKAGE.rglob("*.py")} - {"__init__"}
    assert rooms == set(FLOORS) & rooms, f"without a floor: {rooms - set(FLOORS)}"


def test_absl_stays_in_flags():
    users = {room(p) for p in PACKAGE.rglob("*.py") if any("absl" in n for n in imported(p))}
    assert users == {"flags", "command", "verbs"}


def test_no_file_grows_past_400_lines():
    assert [p.name for p in PACKAGE.rglob("*.py") if len(p.read_text().splitlines()) > 400] == []
