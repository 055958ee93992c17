"""Which values of a message's data a text may take for one another."""

from typing import Any

import pytest

from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.leaves import Leaf, leaves_of
from orchestrator.wording.facts.reading import read_facts
from orchestrator.wording.facts.rivals import are_ends, have_parts, is_smaller, may_stand_for, was_before


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


@pytest.mark.parametrize(
    ("data", "ends"),
    [
        ({"old_rate": "5%", "new_rate": "6%"}, True),
        ({"min": "5%", "max": "6%"}, True),
        ({"max": "5%", "min": "6%"}, False),
        ({"starts": "5%", "ends": "6%"}, True),
        ({"high": "5%", "rate": "6%"}, False),
    ],
)
def test_the_ends_of_a_range(data: dict[str, Any], ends: bool) -> None:
    assert are_ends(*pair(data)) is ends


@pytest.mark.parametrize(
    ("text", "data", "rivals"),
    [
        # A text states the first value; the question is whether it may mean the second one.
        ("12", {"guests": 12, "rooms": 3}, True),
        ("12", {"guests": 12, "rooms": "3"}, True),
        ("12", {"guests": 12, "street": "3 Elm Road"}, False),
        ("12", {"street": "12 Elm Road", "rooms": 3}, False),
        ("128", {"first": "128/82", "second": "124/79"}, True),
        ("12", {"street": "12 Elm Road", "hall": "3 Oak Road"}, False),
        ("12 km", {"way": "12 km", "rest": "3 km"}, True),
        ("12 km", {"way": "12 km", "rest": "3 kg"}, False),
        ("12 km", {"way": "12 km", "rooms": 3}, False),
        ("130", {"today_minutes": 130, "average_minutes": 95}, True),
        ("130", {"today_minutes": 130, "guests": 95}, True),
        ("95", {"guests": 95, "today_minutes": 130}, False),
        ("$5", {"fee": "$5", "cap": "$9"}, True),
        ("$5", {"fee": "$5", "rooms": 9}, False),
        # A date is mistaken for no weekday, a weekday for a date.
        ("May 3", {"due": "2026-05-03", "paid": "2026-05-04"}, True),
        ("May 3", {"due": "2026-05-03", "paid": "Monday"}, False),
        ("Monday", {"paid": "Monday", "due": "2026-05-03"}, True),
        ("Monday", {"paid": "Monday", "due": "Friday"}, True),
        ("May 3", {"due": "2026-05-03", "rooms": 9}, False),
    ],
)
def test_a_value_that_a_text_may_state_for_another_one(text: str, data: dict[str, Any], rivals: bool) -> None:
    (found,) = read_facts(text, language("en"))
    assert may_stand_for(found.readings, *pair(data)) is rivals


@pytest.mark.parametrize(
    ("data", "one", "two", "smaller"),
    [
        ({"used": 7, "limit": 10}, "7", "10", True),
        ({"limit": 10, "used": 7}, "10", "7", False),
        ({"used": 7, "limit": 7.0}, "7", "7", False),
        # "1450 of 2000 mL" states the unit once.
        ({"ml": 1450, "goal_ml": 2000}, "1450", "2000 mL", True),
        ({"goal_ml": 2000, "ml": 1450}, "2000", "1450 mL", False),
        ({"drunk": "1450 mL", "goal": "2000 mL"}, "1450", "2000 mL", True),
        ({"goal": "2000 mL", "drunk": "1450 mL"}, "2000", "1450 mL", False),
        ({"drunk": "1450 mL", "goal": "2 l"}, "1450 mL", "2 l", True),
        ({"used": "7 boxes", "limit": "10 boxes"}, "7", "10", True),
        ({"used": "7 boxes", "limit": 10}, "7", "10", True),
        ({"used": 10, "limit": "7 boxes"}, "10", "7", False),
        ({"due": "2026-05-03", "paid": "2026-05-04"}, "May 3", "May 4", False),
        ({"due": "2026-05-03", "rooms": 9}, "May 3", "9", False),
    ],
)
def test_a_quantity_that_is_smaller_than_another(data: dict[str, Any], one: str, two: str, smaller: bool) -> None:
    (first,), (second,) = (read_facts(text, language("en")) for text in (one, two))
    assert is_smaller(*pair(data), first.readings, second.readings) is smaller
