from facerec_tf.core.quote import reason, shortened


def test_short_text_is_kept_on_one_line():
    assert shortened("a  b") == "a  b"
    assert shortened(ValueError("first\nsecond")) == "first second"
    assert shortened("x" * 300) == "x" * 300


def test_long_text_is_cut_in_the_middle():
    text = shortened("begin" + "x" * 10**7 + "end")
    assert len(text) == 300
    assert text.startswith("begin")
    assert text.endswith("end")
    assert " [...] " in text


def test_the_reason_is_the_first_line_of_a_message_or_the_class():
    assert reason(ValueError("\nwrong size:\n  more\n")) == "wrong size"
    assert reason(EOFError()) == "EOFError"
