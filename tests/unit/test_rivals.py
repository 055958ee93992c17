"""Which values of a message's data a text may take for one another."""

from typing import Any

import pytest

from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.leaves import Leaf, leaves_of
from orchestrator.wording.facts.rivals import have_parts, was_before


def pair(data: dict[str, Any]) -> tuple[Leaf, Leaf]:
    one, other = leaves_of(data, language("en"), None)
    return one, other


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        ({"buyer": "Ada Smith", "seller": "Bo Reed"}, True),
        ({"sender": "Ada", "receiver": "Bo"}, True),
        ({"origin": "Oslo", "destination": "Rome"}, True),
        ({"first": "oat milk", "second": "soy milk"}, True),
        ({"first": "oat milk", "second": "rye bread"}, False),  # no word in common, and no names
        # A person is not mistaken for a house, whether the label is listed or ends as those of persons do.
        ({"guest": "Ada", "hotel": "Blue Door"}, False),
        ({"painter": "Ada", "hotel": "Blue Door"}, False),
        ({"order": "Ada", "hotel": "Blue Door"}, True),  # it ends so, and is no person
        ({"band": "Red Lion", "hotel": "Blue Door"}, True),  # neither is a person
        ({"hotel": "Blue Door", "airline": "Red Sky"}, True),
        ({"guest": "Ada", "painter": "Bo"}, True),
        ({"guest": "Ada", "band": "Red Lion"}, True),  # no house
        # A thing is mistaken for nothing else, but for another one of its kind.
        ({"guest": "Ada", "city": "Oslo"}, False),
        ({"first_city": "Oslo", "second_city": "Rome"}, True),
        # Who sends is mistaken for who receives alone.
        ({"guest": "Ada", "destination": "Rome"}, False),
        # A label that says nothing gives no part.
        ({"title": "Ada", "seller": "Bo"}, False),
        ({"seller": "Bo", "note": "Ada Smith writes of Bo Reed on 12 May"}, False),  # no name, but a sentence
    ],
)
def test_two_names_that_a_text_may_exchange(data: dict[str, Any], parts: bool) -> None:
    assert have_parts(*pair(data)) is parts


@pytest.mark.parametrize(
    ("data", "before"),
    [
        ({"last_month_kwh": "250 kWh", "kwh": "200 kWh"}, True),
        ({"last_month_kwh": "250 kWh", "previous_kwh": "200 kWh"}, False),  # both are former
        ({"last_month_kwh": "250 kWh", "minutes": "20 minutes"}, False),
        ({"kwh": "200 kWh", "minutes": "20 minutes"}, False),
        ({"old_rate": "5%", "new_rate": "6%"}, True),
        ({"new_rate": "6%", "old_rate": "5%"}, False),  # the other way round
        ({"was": "blue", "now": "red"}, True),
    ],
)
def test_a_value_of_before_and_the_one_of_now(data: dict[str, Any], before: bool) -> None:
    assert was_before(*pair(data)) is before
