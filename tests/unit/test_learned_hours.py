"""What is learned of a person survives being stored (R7)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.rules.answer_curves import learn_hours
from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.learned_hours import LearnedHours, rates_from_bytes, rates_to_bytes

NOTHING = rates_to_bytes((0.0,) * HOURS)


@given(st.floats(0, 1))
def test_a_rate_is_read_again_within_two_per_cent(rate: float) -> None:
    (read,) = rates_from_bytes(rates_to_bytes([rate]))
    if rate < 1e-4:
        assert read == 0
    else:
        assert read == pytest.approx(rate, rel=0.037)
        assert rate == pytest.approx(1e-4, rel=0.04) or read == pytest.approx(rate, rel=0.02)


@given(st.booleans(), st.booleans(), st.floats(0, 1))
def test_what_was_stored_is_read_again(known: bool, weekends: bool, rate: float) -> None:
    learned = replace(learn_hours(None, None), rates=(rate,) * HOURS, known=known, weekends=weekends)
    stored = learned.to_bytes()
    read = LearnedHours.from_bytes(stored, NOTHING, sure=0.7, texts=31, answers=23)
    assert len(stored) == 98
    assert read.to_bytes() == stored
    assert (read.known, read.weekends, read.sure, read.texts, read.answers) == (known, weekends, 0.7, 31, 23)
    assert read.stops == (0.0,) * HOURS


@pytest.mark.parametrize(
    ("rate", "step"),
    [(0.0, 0), (0.00009, 0), (0.0001, 1), (0.0002, 19), (0.001, 64), (0.1, 191), (0.97, 254), (1.0, 255), (1.5, 255)],
)
def test_a_rate_is_one_of_255_steps_of_a_logarithmic_scale(rate: float, step: int) -> None:
    """The first is 0.01 %, the last 100 %: a tenfold rate is 63.75 steps more. Zero is everything below."""
    assert rates_to_bytes([rate]) == bytes([step])
    assert rates_from_bytes(bytes([step])) == pytest.approx([10 ** (4 * step / 255 - 4) if step else 0.0])


@pytest.mark.parametrize(("known", "weekends", "flags"), [(0, 0, 0), (1, 0, 1), (0, 1, 2), (1, 1, 3)])
def test_the_stored_form(known: int, weekends: int, flags: int) -> None:
    """A version, the flags, and the steps of the rates and of the doubts."""
    learned = replace(
        learn_hours(None, None),
        rates=(0.1,) * HOURS,
        doubts=(0.001,) * HOURS,
        known=bool(known),
        weekends=bool(weekends),
    )
    stored = bytes([1, flags]) + bytes([191]) * 48 + bytes([64]) * 48
    assert learned.to_bytes() == stored
    read = LearnedHours.from_bytes(stored, bytes([19]) * 48, sure=0.7, texts=31, answers=23)
    assert (read.known, read.weekends) == (bool(known), bool(weekends))
    assert (read.rates, read.doubts) == (rates_from_bytes(bytes([191]) * 48), rates_from_bytes(bytes([64]) * 48))
    assert read.stops == rates_from_bytes(bytes([19]) * 48)


@pytest.mark.parametrize("stored", [b"", b"\x00" * 98, b"\x02" * 98, b"\x01" * 97, b"\x01" * 99])
def test_bytes_of_another_version_are_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match="another version"):
        LearnedHours.from_bytes(stored, NOTHING, sure=0.0, texts=0, answers=0)
