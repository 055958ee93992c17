"""The days that a text may name: those of the data, in the usual formats."""

import pytest

from orchestrator.wording.dates import days_in, foreign_days


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("Nov 22", "2026-11-22"), ("22 November", "2026-11-22"), ("November 22nd", "11/22/2026"), ("22nd of Nov", "22/11/2026"),
        ("11/22", "2026-11-22T10:00:00Z"), ("Sunday", "2026-11-22"), ("tomorrow", "due tomorrow"), ("Friday", "every Friday"),
        ("may I help", ""), ("2026-11-22", "Nov 22"), ("on 24/7", "call us 24/7"),
    ],
)  # fmt: skip
def test_days_of_the_data_may_be_said_in_the_usual_formats(text: str, data: str) -> None:
    assert list(foreign_days(text, [data])) == []


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("Nov 23", "2026-11-22"), ("Dec 22", "2026-11-22"), ("Monday", "2026-11-22"), ("tomorrow", "2026-11-22"),
        ("2025-11-22", "2026-11-22"), ("11/23", "Nov 22"), ("tonight", "in the evening"),
    ],
)  # fmt: skip
def test_other_days_may_not(text: str, data: str) -> None:
    assert list(foreign_days(text, [data]))


def test_a_day_that_is_none_is_no_day() -> None:
    assert days_in(["2026-02-30", "13/13", "Feb 31"]) == set()
