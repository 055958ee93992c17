"""A simulated month of 200 people, through the real policy code."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.simulation import HOUR, Life, Month


def test_a_month_of_two_hundred_people_keeps_every_rule() -> None:
    month = Month(seed=1)
    month.run()
    assert month.ended["sent"] > 3_000
    assert month.ended["expired"] > 100, "the mix is hard enough that some never fit"
    lanes = {sent.unit.message.lane for life in month.lives for sent in life.sent}
    assert len(lanes) == 4
    assert any(sent.verdict.active_since for life in month.lives for sent in life.sent)
    assert max(texts_in_an_hour(life) for life in month.lives) == 6, "the mix reaches the ceiling of an hour"
    for life in month.lives:
        for unit in {id(sent.unit): sent.unit for sent in life.sent if sent.unit.parts > 1}.values():
            parts = [sent.part for sent in life.sent if sent.unit is unit]
            assert parts == list(range(1, unit.parts + 1)), "whole and in order"


def texts_in_an_hour(life: Life) -> int:
    """The most texts that activity let through in 60 minutes."""
    times = [sent.at for sent in life.sent if sent.verdict.active_since is not None]
    return max((sum(first <= at < first + HOUR for at in times) for first in times), default=0)


@settings(max_examples=8, deadline=None)
@given(st.integers(min_value=3))
def test_whatever_the_mix(seed: int) -> None:
    Month(seed, people=10, days=12).run()
