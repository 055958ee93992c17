"""Where a text states the values of its data, which of them it exchanges, and which code cannot tell apart."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orchestrator.wording.facts.association import Association
from orchestrator.wording.facts.language import language
from orchestrator.wording.facts.reading import read_facts

NOW = datetime(2026, 3, 3, 10, tzinfo=ZoneInfo("America/New_York"))
MATCHES = {"a": [{"name": "Acme", "city": "Oslo"}, {"name": "Tidal", "city": "Rome"}, {"name": "Kite", "city": "Bonn"}]}
RACE = {"bib_pickup": "2026-03-06T10:00:00-05:00", "start": "2026-03-07T08:00:00-05:00"}
KWH = {"kwh": 298, "last_month_kwh": 312}


def association(data: dict[str, Any], text: str) -> Association:
    spoken = language("en")
    return Association(text, read_facts(text, spoken), data, spoken, "ada", NOW)


@pytest.mark.parametrize(
    ("data", "text", "mentions"),
    [
        ({"guest": "Bo", "host": "Cy"}, "Cy is with Bo.", [("Cy", "cy"), ("Bo", "bo")]),
        ({"guest": "Bo Reed", "host": "Cy"}, "Bo is with Cy.", [("Bo", "bo reed"), ("Cy", "cy")]),
        ({"guest": "Bo Reed"}, "Bo Diddley is here.", []),  # another name goes on
        ({"guest": "Bo Reed"}, "Bo Diddley and Bo.", [("Bo", "bo reed")]),
        ({"guest": "Bo Reed"}, "Bob is here.", []),
        ({"guest": "Bo Reed", "host": "Bo Reed"}, "Bo Reed is here.", []),  # a value of two labels shows nothing
        ({"guests": 3, "rooms": 3}, "3 are here.", []),
        ({"guests": 3, "rooms": 4}, "3 are here.", [("3", "3")]),
        ({"change": -3}, "It is down 3.", [("3", "-3")]),
        ({"street": "Elm Road", "guest": "Elm"}, "Elm Road, Elm.", [("Elm Road", "elm road"), ("Elm", "elm")]),
        ({"today_minutes": 95, "due": "2026-03-03"}, "Due today: 95.", [("95", "95")]),
        ({"today_minutes": "today"}, "Due today.", []),  # it is the label
        # In a greeting the person's name states nothing, unless it is an end of a way.
        ({"guest": "Ada", "order": "rice"}, "Hi Ada, rice.", [("rice", "rice")]),
        ({"guest": "Ada", "order": "rice"}, "Ada: rice.", [("rice", "rice")]),
        ({"guest": "Ada", "order": "rice"}, "Hi my dear Ada, rice.", [("Ada", "ada"), ("rice", "rice")]),
        ({"guest": "Ada", "order": "rice"}, "Ada gets rice.", [("Ada", "ada"), ("rice", "rice")]),
        ({"from": "Ada", "to": "Bo"}, "Ada, Bo.", [("Ada", "ada"), ("Bo", "bo")]),
        ({"to": "Ada", "from": "Bo"}, "Ada, Bo.", [("Ada", "ada"), ("Bo", "bo")]),
    ],
)
def test_mentions(data: dict[str, Any], text: str, mentions: list[tuple[str, str]]) -> None:
    found = association(data, text).mentions
    assert [(text[mention.start : mention.end], mention.leaf.value) for mention in found] == mentions


@pytest.mark.parametrize(
    ("data", "text", "exchanged"),
    [
        ({"yes": 41, "no": 9}, "9 said yes, 41 said no.", {"9", "41"}),
        ({"yes": 41, "no": 9}, "41 said yes, 9 said no.", set()),
        ({"yes": 41, "no": 9}, "9 said yes.", set()),
        ({"yes": 41, "no": 9, "open": 7}, "9 said yes, 41 open, 7 no.", set()),  # no two of them
        # "from" and "to" belong to what stands directly behind them.
        ({"from": "Oslo", "to": "Rome"}, "You go from Rome to Oslo.", {"Rome", "Oslo"}),
        ({"from": "Oslo", "to": "Rome"}, "You go from cold Rome to hot Oslo.", set()),
        ({"from": "Oslo", "to": "Rome"}, "You go to Rome from Oslo.", set()),
        # The ends of a range in the wrong order, with all that is said of the first one.
        ({"old_price": 19, "new_price": 17}, "Up from 17 to 19.", {"17"}),
        ({"old_price": 19, "new_price": 17}, "Down from 19 to 17.", set()),
        ({"old_price": 19, "new_price": 17}, "With 17 to 19.", set()),
        ({"low": 12, "high": 19}, "From 19 to the 12.", {"19"}),
        ({"departs": "2026-03-06T10:00:00-05:00", "arrives": "2026-03-07T08:00:00-05:00"},
         "From March 7 8 AM to March 6 10 AM.", {"March 7"}),
        # A part of a whole.
        ({"raised": 7350, "goal": 10000}, "We have 10000 of 7350.", {"10000"}),
        ({"raised": 7350, "goal": 10000}, "We have 10000/7350.", {"10000"}),
        ({"raised": 7350, "goal": 10000}, "We have 7350 of 10000.", set()),
        ({"raised": 7350, "goal": 10000, "staff": 4}, "We have 10000 of 7350.", set()),
        ({"raised": "7350 mL", "goal": "10000 mL"}, "We have 7350 of 10000 mL.", set()),
        ({"raised": "7350 mL", "goal": "10000 mL"}, "We have 10000 mL of 7350 mL.", {"10000 mL"}),
        # What was before.
        (KWH, "You used 312 instead of 298.", {"298"}),
        (KWH, "You used 298 instead of 312.", set()),
        (KWH, "You used 298, up from 312.", set()),
        (KWH, "You used 312, up from 298.", {"298"}),
        ({"kwh": 298, "last_kwh": 312, "other_kwh": 7}, "You used 312 instead of 298.", {"298"}),
        ({"to": "airport"}, "Your ride from the airport.", {"airport"}),
        ({"from": "airport"}, "Your ride from the airport.", set()),
        ({"to": "airport"}, "Your ride to the airport.", set()),
        # Entries of a list.
        (MATCHES, "Acme is in Rome, Tidal in Oslo.", {"Acme", "Tidal"}),
        (MATCHES, "Acme is in Oslo, Tidal in Rome.", set()),
        (MATCHES, "Acme is in Rome.", set()),
        (MATCHES, "Acme has moved and is now in Rome, Tidal in Oslo.", set()),
        # The day of another instant.
        (RACE, "Tomorrow at 8 AM.", set()),
        (RACE, "March 6 at 8 AM.", {"8 AM"}),
        (RACE, "8 AM on March 6.", {"8 AM"}),
        (RACE, "March 6 at about 8 AM.", {"8 AM"}),
        (RACE, "March 6 at very early 8 AM.", set()),
        (RACE, "March 6. At 8 AM.", set()),
        (RACE, "March 6 to 8 AM.", set()),
        (RACE, "March 7 at 8 AM.", set()),
        (RACE, "March 6, 8 AM on March 7.", set()),
        ({"start": "08:00", "day": "2026-03-07"}, "March 7 at 8:00.", set()),
    ],
)  # fmt: skip
def test_exchanges(data: dict[str, Any], text: str, exchanged: set[str]) -> None:
    assert set(association(data, text).exchanges()) == exchanged


@pytest.mark.parametrize(
    ("data", "text", "is_doubtful"),
    [
        # A value is clear beside its label: at most three words away, in its part of a sentence, no nearer to another's.
        ({"guests": 12, "rooms": 3}, "12 came.", True),
        ({"guests": 12, "rooms": 3}, "12 guests came.", False),
        ({"guests": 12, "rooms": 3}, "12 of our guests came.", False),
        ({"guests": 12, "rooms": 3}, "12 of all our guests came.", True),
        ({"guests": 12, "rooms": 3}, "Guests came: 12.", False),
        ({"guests": 12, "rooms": 3}, "Guests who came: 12.", True),
        ({"guests": 12, "rooms": 3}, "Guests, so 12.", True),
        ({"guests": 12, "rooms": 3}, "Guests (today) 12.", True),
        ({"guests": 12, "rooms": 3}, "Guests; 12.", True),
        ({"guests": 12, "rooms": 3}, "12 guests, 3 rooms.", False),
        ({"guests": 12, "rooms": 3}, "12 guests, and 3.", False),
        ({"guests": 12, "rooms": 3}, "There are 12, 3 rooms.", True),
        ({"guests": 12, "rooms": 3}, "12 and 3.", True),
        ({"guests": 12, "rooms": 3}, "12 for guests in rooms.", False),
        ({"guests": 12, "rooms": 3}, "12 in rooms for guests.", True),
        ({"guests": 12, "rooms": 12}, "12 came.", False),
        ({"guests": 12, "rooms": "3 of them"}, "12 came.", False),
        # Other facts between a value and its label are passed over.
        ({"pickup": "2026-03-06T10:00:00-05:00", "start": "2026-03-07T08:00:00-05:00"},
         "Pickup: March 6, 10 AM. Start: March 7, 8 AM.", False),
        ({"pickup": "March", "start": "May"}, "The pickup is in March. Start: May.", False),
        ({"guests": 12, "rooms": 3}, "12, guests came.", True),
        ({"guests": 12, "rooms": 3}, "Guests, 12 came.", True),
        (RACE, "10:00, March 6 pickup.", False),
        ({"guests": 12, "rooms": 3, "host": "Bo"}, "12 of Bo guests.", False),
        ({"to": 19, "stops": 3}, "It goes to 19 stops 3.", False),
        # A value with a minus belongs to words such as "down".
        ({"change": -3, "cost_change": 5}, "Down 3 cost 5.", False),
        ({"change": 3, "cost_change": 5}, "Down 3 cost 5.", True),
        ({"change": 0.5, "cost_change": 5}, "Down 0.5 cost 5.", True),
        ({"change": 0, "cost_change": 5}, "Down 0 cost 5.", True),
        # Ranges in their order are clear.
        ({"low": 12, "high": 19}, "12-19.", False),
        ({"low": 12, "high": 19}, "19-12.", True),
        ({"low": 12, "high": 19}, "12 and then 19.", True),
        ({"first": "2026-03-05", "second": "2026-03-07"}, "March 5 to March 7.", False),
        ({"first": "2026-03-05", "second": "2026-03-07"}, "March 7 to March 5.", True),
        ({"first": "2026-03-05", "second": "2026-03-07T10:00:00"}, "March 5 to March 7.", True),
        ({"lunch": "07:00", "dinner": "21:00"}, "7:00 to 21:00.", False),
        ({"lunch": "07:00", "dinner": "9 PM"}, "7:00 to 9 PM.", True),
        ({"raised": 7350, "goal": 10000}, "7350 of our 10000.", True),
        ({"raised": 7350, "goal": 10000}, "7350 or 10000.", True),
        # What was before is clear behind words for it.
        (KWH, "It was 312.", False),
        (KWH, "It is 312.", True),
        (KWH, "It was 298.", True),
        ({"kwh": 298, "old_kwh": 312}, "298 kwh instead of 312.", False),
        # Names are mistaken for each other where both stand in the text.
        ({"approver": "Ana", "requester": "Bo"}, "Ana has it.", False),
        ({"approver": "Ana", "requester": "Bo"}, "Ana and Bo have it.", True),
        ({"approver": "Ana", "requester": "Bo"}, "Ana approved, Bo requested.", False),
        ({"guest": "Quist"}, "The guest of Quist.", True),
        ({"guest": "Quist"}, "The friend of Quist.", False),
        # The values of one entry stand together.
        (MATCHES, "Acme in Oslo, Tidal in Rome.", False),
        (MATCHES, "Acme, Tidal: Oslo, Rome.", True),
        (MATCHES, "Acme and Tidal.", False),
        (RACE, "March 6 and March 7, 10 AM.", True),
    ],
)  # fmt: skip
def test_doubts(data: dict[str, Any], text: str, is_doubtful: bool) -> None:
    assert association(data, text).is_doubtful() is is_doubtful
