"""Lengths of time: those that are equal in other units are one fact."""

from decimal import Decimal

import pytest

from orchestrator.wording.facts.durations import UNITS, duration_of
from orchestrator.wording.facts.kinds import Duration

# So many of the unit are so many of a smaller one.
EQUAL = [
    (1, "second", 1000, "millisecond"),
    (1, "minute", 60, "second"),
    (1, "hour", 60, "minute"),
    (1, "day", 24, "hour"),
    (1, "week", 7, "day"),
    (1, "quarter", 3, "month"),
    (1, "year", 12, "month"),
    (2, "year", 8, "quarter"),
]


@pytest.mark.parametrize(("value", "unit", "same", "smaller"), EQUAL)
def test_a_length_is_the_same_in_a_smaller_unit(value: int, unit: str, same: int, smaller: str) -> None:
    assert duration_of(Decimal(value), unit) == duration_of(Decimal(same), smaller)


@pytest.mark.parametrize("unit", ["second", "month", "business_day", "night"])
def test_a_base_unit_counts_itself(unit: str) -> None:
    assert duration_of(Decimal(3), unit) == Duration(Decimal(3), unit)


def test_each_unit_is_one_of_these() -> None:
    assert set(UNITS) == {unit for _, unit, _, _ in EQUAL} | {"millisecond", "month", "business_day", "night"}
