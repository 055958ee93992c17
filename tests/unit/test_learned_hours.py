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


@pytest.mark.parametrize("stored", [b"", b"\x00" * 98, b"\x01" * 97])
def test_bytes_of_another_version_are_refused(stored: bytes) -> None:
    with pytest.raises(ValueError, match="another version"):
        LearnedHours.from_bytes(stored, NOTHING, sure=0.0, texts=0, answers=0)
