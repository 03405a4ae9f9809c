"""Messages, flag help, docstrings and comments are written in plain technical English."""

import ast
import io
import re
import tokenize
from typing import NamedTuple

import pytest

from tests.conftest import ROOT

#: Pattern → what to write instead.
BANNED = {
    # "'x.csv' is no CSV file", "if `images` is no such array", "a loss that is no softmax".
    r"\b(?:is|are|was|were|be) no (?!longer\b|more\b|less\b|fewer\b|matter\b)\w+": (
        "'is not a …', or what is wrong: 'is not valid CSV: line 3 has 2 fields, expected 3'"
    ),
    r"\btold\b": "'given', 'reported' or 'distinguished'",
    r"\btells? of\b": "'names', 'lists' or 'reports'",
    r"\banew\b": "'again'",
    r"\balike\b": "'similar' or 'in the same way'",
    r"\blies? (?:in|at|beside|under|there)\b": "'is in', 'is stored in', 'is at'",
    r"\b(?:goes|went|go) on\b": "'continues', 'resumes'",
    r"\bfor one:": "'for example'",
    r"\bone an? (?:line|core|class|row|image|identity|epoch|step|batch|head)\b": "'one per line'",
    r"\bneeds not\b|\b(?:has|have) not(?=[.,;:)]|$)": "'does not need', 'does not have'",
    r"\bREFERENCE §": "the paper, the code or the format",
    r"\bsittings?\b": "'resumable', 'run'",
    r"\bgreets?\b": "'prints'",
    r"\bbidden\b": "'asked', 'allowed'",
    r"\bwhence\b|\bhence(?:forth)?\b|\bthereof\b|\bthereupon\b|\blest\b": "plain words",
    r"\b(?:are|was|were) come by\b": "'how it was measured'",
    r"\bspared?\b": "'exclude', 'exempt', 'skip'",
    r"\bbrings? (?:it )?along\b": "'includes'",
    r"\bsaid of itself\b|\bsays of itself\b": "'console messages'",
    r"\bjournals?\b|\bledgers?\b|\bverdicts?\b|\bat a glance\b": "the field's plain noun",
    r"\bjudges?\b|\bjudged\b|\bjudging\b": "'evaluates', 'checks' or 'decides'",
}

#: Phrases that are fine wherever they stand, with the reason.
ALLOWED = {
    r"\bthere (?:is|are|was|were|can be|may be) no \w+": "idiomatic: 'there is no gradient'",
    r"\bJournal of\b": "the name of a journal",
    r"^alike$|`alike`": "a column of identities.csv, a kind in duplicates.csv",
    r"(?:^|/)\.journal$": "the name of a file on disk, by which alignments are resumed",
}

FILES = sorted(p for folder in ("facerec_tf", "tools") for p in (ROOT / folder).rglob("*.py"))


class Hit(NamedTuple):
    """A banned phrase, the line it is in, and what to write instead."""

    line: int
    found: str
    instead: str


def texts(source):
    """Yields line and text of each string literal, docstring and block of comments.

    Literals that are concatenated, or the parts of an f-string, are one text.
    """
    tree = ast.parse(source)
    literal = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
        if isinstance(part, ast.Constant)
    }
    for node in ast.walk(tree):
        if id(node) in literal:  # Part of an f-string, which is read as a whole.
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
            yield node.lineno, "".join(parts)
    comment, start, last = [], 0, -1
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if token.start[0] != last + 1 and comment:
            yield start, " ".join(comment)
            comment = []
        start = token.start[0] if not comment else start
        last = token.start[0]
        comment.append(token.string.lstrip("#: "))
    if comment:
        yield start, " ".join(comment)


def hits(source):
    """Returns the banned phrases in the texts of a Python file."""
    found = []
    for line, text in texts(source):
        plain = " ".join(text.split())
        for phrase in ALLOWED:
            plain = re.sub(phrase, "", plain, flags=re.IGNORECASE)
        for pattern, instead in BANNED.items():
            for match in re.finditer(pattern, plain, re.IGNORECASE):
                found.append(Hit(line, match[0], instead))
    return sorted(found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_english_is_plain(path):
    name = str(path.relative_to(ROOT))
    found = hits(path.read_text(encoding="utf-8"))
    lines = [f"{name}:{hit.line}: {hit.found!r}; write {hit.instead}" for hit in found]
    assert not lines, "\n" + "\n".join(lines)


@pytest.mark.parametrize(
    "source",
    [
        '"""Raises an error if the file is no CSV."""',
        "# Columns are told apart.\n",
        "# The value is stored where it\n# lies in memory.\n",
        "print(f'{path} is no text in UTF-8: {error}')",
        "raise ValueError('Argument is '\n  'no number')",
        "help = 'Numbers are drawn anew.'",
        """print(f"{'x' if path else 'Told by nobody.'}")""",
        "# (REFERENCE §7)",
    ],
)
def test_a_banned_phrase_is_found(source):
    assert len(hits(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "there = 'there is no gradient'",
        "# It is no longer needed.\n",
        "tolden = alike_names = 1  # names in code are not read",
        "'''None is a value, and is not a number.'''",
        "NAME = '.journal'",
    ],
)
def test_plain_english_passes(source):
    assert hits(source) == []
