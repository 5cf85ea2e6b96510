"""The words of a trace."""

from reports.trace import Step, became, minutes_text, readable


def test_one_minute_is_singular_and_every_other_number_plural():
    assert [minutes_text(minutes) for minutes in (0, 1, 2)] == ["0 minutes", "1 minute", "2 minutes"]


def test_what_a_rule_left_as_it_was_stayed_and_what_it_changed_became():
    assert (became(30, 30), became(24, 30)) == ("stayed 30", "became 30")


def test_a_trace_reads_as_one_text_in_the_order_of_its_rules():
    steps = [Step("bands", 24, 30, "24 became 30."), Step("rate", 30, 1205, "That is £12.05.")]
    assert readable(steps) == "24 became 30. That is £12.05."
    assert readable([]) == ""
