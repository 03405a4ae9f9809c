import pytest

import facerec_tf
from facerec_tf.alignment.table import DETECTORS, FACENET_TEMPLATES, POLICIES, TEMPLATES
from facerec_tf.backbones.heads import HEADS
from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.lookup import Registry
from facerec_tf.models import MAIN_LOSSES
from facerec_tf.photographs.table import FOLDER_LAYOUTS
from facerec_tf.serving import EXPORT_FORMATS

TABLES = {
    "backbone": facerec_tf.BACKBONES,
    "loss": facerec_tf.MARGINS,
    "loss of embeddings": facerec_tf.LOSSES,
    "any loss": MAIN_LOSSES,
    "embedding_head": HEADS,
    "form": EXPORT_FORMATS,
    "detector": DETECTORS,
    "face": POLICIES,
    "alignment": TEMPLATES,
    "alignment of facenet": FACENET_TEMPLATES,
    "layout": FOLDER_LAYOUTS,
}


@pytest.mark.parametrize("kind", TABLES)
def test_an_unknown_name_lists_the_known_ones_and_the_nearest(kind):
    table, argument = TABLES[kind], kind.split()[-1 if kind == "any loss" else 0]
    known = next(iter(table))
    with pytest.raises(ArgumentError) as error:
        table[f"{known}x"]
    message = str(error.value)
    assert message.startswith(f"Argument '{argument}' must be one of ")
    assert message.endswith(f"Received: {argument}={known + 'x'!r}. Did you mean '{known}'?")


def test_the_wish_of_a_user_of_other_kits():
    with pytest.raises(KeyError, match=r"Received: backbone='resnet50'\. Did you mean 'iresnet50'"):
        facerec_tf.BACKBONES["resnet50"]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_is_a_read_only_mapping(table):
    names = list(table)
    assert isinstance(table, Registry)
    assert len(table) == len(names)
    assert dict(table) == {name: table[name] for name in names} == {**table}
    assert names[0] in table
    assert table.get(names[0]) is table[names[0]]
    for other in ("nonsense", None, 3, ["arcface"]):
        assert other not in table
    assert table.get("nonsense") is None
    assert table.get("nonsense", 5) == 5
    with pytest.raises(TypeError):
        table["mine"] = None
    assert all(name in repr(table) for name in names)


def test_what_is_not_a_name_is_refused_in_the_same_words():
    with pytest.raises(ArgumentError, match=r"Received: loss=None"):
        facerec_tf.MARGINS[None]
    with pytest.raises(ArgumentError, match=r"Received: loss=\['arcface'\]"):
        facerec_tf.MARGINS[["arcface"]]
