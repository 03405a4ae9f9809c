from facerec_tf.core.quote import LONGEST, escape_controls, reason, shorten


def test_a_text_is_one_line_of_limited_length():
    assert shorten("two\n  lines") == "two lines"
    assert shorten(KeyError("name")) == "'name'"
    assert shorten("x" * LONGEST) == "x" * LONGEST
    assert shorten("x" * (LONGEST + 1)) == "x" * LONGEST + "…"
    assert shorten("x" * 10**6) == "x" * LONGEST + "…"
    assert shorten("a b c", longest=3) == "a b…"
    assert shorten(" " * 10**4 + "end") == "…"


def test_the_reason_is_the_first_line_of_a_message_or_the_class():
    assert reason(ValueError("\nwrong size:\n  more\n")) == "wrong size"
    assert reason(EOFError()) == "EOFError"


def test_characters_that_change_a_terminal_are_escaped():
    assert escape_controls("a\nb\x1b[31m\u202e\u2028") == r"a\nb\x1b[31m\u202e\u2028"
    assert escape_controls("Zoë Ångström … 李") == "Zoë Ångström … 李"
