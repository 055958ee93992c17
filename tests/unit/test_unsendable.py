"""Placeholders are found whatever is looked for first (G7)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import unsendable
from orchestrator.unsendable import unfilled_placeholder

FRAGMENTS = (
    "{", "}", "{{", "}}", "{%", "%}", "${", "name", "first_name", "Your ", "[", "]", "<", ">", "<<", ">>", "$", "NAME",
    "€ ", "X", "XXXXXX", "Hi ", "Dear, ", "___", "null", "undefined", "None", "NaN", "nil", "%s", "%(", ")s", "%NAME%",
    "(", "((", "))", "*|", "|*", "@@", "__", "FIRST_NAME", "here", " ", "a", "0", "|", "[object Object]", "<%", "%>", ":",
)  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=6).map("".join))
@settings(max_examples=2_000)
def test_the_marks_that_are_looked_for_first_miss_no_placeholder(text: str) -> None:
    found = unsendable._PLACEHOLDER.search(text)
    assert unfilled_placeholder(text) == (found[0] if found else None)
