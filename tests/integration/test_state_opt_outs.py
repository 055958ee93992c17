"""Opt-outs: which rows a STOP and a START write, for many numbers in one batch, beside rows that almost belong to them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.store.database import columns, sql
from orchestrator.store.opt_outs import OptOut
from tests.named_rows import differing, id_of, name_of, number_of, put
from tests.state_cases import DAY, HOUR, MINUTE, NOW, SECOND
from tests.world import World

UNTIL = NOW + HOUR
FIRST_ID, LAST_ID = UUID(int=1), UUID(int=2**128 - 1)


@dataclass
class Case:
    """A number, what it sends, the rows of before, and the rows that are there afterwards.

    Attributes:
        sends: STOPs or STARTs, in the order in which they come.
        people: who has the number now; the ids are their names.
        before: opt-outs of before.
        after: all opt-outs of the number afterwards; each is given by what is not as usual.
        starts: when START came from this number, as its readings have it.
        texted: when each of its people was texted last.
    """

    name: str
    sends: Sequence[Mapping[str, Any]] = ()
    before: Sequence[Mapping[str, Any]] = ()
    after: Sequence[Mapping[str, Any]] = ()
    people: Sequence[str | UUID] = ("",)
    starts: Sequence[Mapping[str, Any]] = ()
    texted: Mapping[str | UUID, datetime] = field(default_factory=dict)


def numbers_of(cases: Sequence[Case]) -> dict[str, str]:
    """The number of each case; that of a name that cannot be read is the name itself."""
    return {
        case.name: "no number" if case.name == "no number" else number_of(place) for place, case in enumerate(cases)
    }


def put_cases(connection: Connection, cases: Sequence[Case]) -> None:
    numbers = numbers_of(cases)
    users, readings, attempts, opt_outs = [], [], [], []
    for case in cases:
        number = numbers[case.name]
        spellings = [number, f"({number[2:5]}) {number[5:8]}-{number[8:]}", f"tel:{number}"]
        for person, spelling in zip(case.people, spellings, strict=False):
            users.append({"id": _id(person, case), "phone_number": spelling})
        for place, start in enumerate(case.starts):
            usual = {
                "inbound_id": id_of(f"{case.name}, start {place}"),
                "user_id": id_of(case.name),
                "opens_window": True,
            }
            readings.append({**usual, "phone_number": number, "kind": "start", **start})
        for person, at in case.texted.items():
            usual = {"id": id_of(f"{case.name}, to {person}"), "user_id": _id(person, case), "started_at": at}
            attempts.append({**usual, "phone_number": number})
        for row in case.before:
            usual = {"phone_number": number, "user_id": id_of(case.name), "source": "before", "opted_out_at": NOW - DAY}
            opt_outs.append({**usual, "stored_at": NOW - DAY, **row})
    put(connection, "users", users)
    put(connection, "orchestrator.readings", readings)
    put(
        connection,
        "orchestrator.attempts",
        [{**row, "message_id": row["id"], "conversation_id": row["id"]} for row in attempts],
        fingerprint="",
        local_date=NOW.date(),
        holds_slot=True,
        active_texts=0,
        law_texts=0,
    )
    put(
        connection,
        "orchestrator.opt_outs",
        [{"id": id_of(f"opt-out {place}"), **row} for place, row in enumerate(opt_outs)],
    )


def _id(person: str | UUID, case: Case) -> UUID:
    return person if isinstance(person, UUID) else id_of(person or case.name)


def wrong_opt_outs(connection: Connection, cases: Sequence[Case]) -> dict[str, object]:
    """The opt-outs that are not there as they should be afterwards, each by the case that has the number."""
    names = {number: name for name, number in numbers_of(cases).items()}
    rows = connection.execute(
        "SELECT phone_number, user_id, source, opted_out_at, ended_at, confirm_until, note, recorded_at, stored_at,"
        " confirmation_id FROM orchestrator.opt_outs ORDER BY phone_number, opted_out_at, ended_at"
    ).fetchall()
    places = Counter[str]()
    found = {}
    for number, *row in rows:
        name = str(names.get(number, number))
        found[f"{name} {places[name]}"] = dict(zip(USUAL_AFTER, row, strict=True))
        places[name] += 1
    expected = {
        f"{case.name} {place}": USUAL_AFTER | {"user_id": case.name} | {**row}
        for case in cases
        for place, row in enumerate(case.after)
    }
    return {**differing(found, expected)}


# An opt-out that an ordinary STOP of now stores. `user_id` is the person of the number.
USUAL_AFTER: dict[str, Any] = {
    "user_id": None,
    "source": "keyword",
    "opted_out_at": NOW,
    "ended_at": None,
    "confirm_until": UNTIL,
    "note": None,
    "recorded_at": None,
    "stored_at": NOW,
    "confirmation_id": None,
}
# One of before, as it stays.
KEPT = {"source": "before", "opted_out_at": NOW - DAY, "confirm_until": None, "stored_at": NOW - DAY}
STOP: dict[str, Any] = {}

STOPS = [
    Case("a person", [STOP], after=[{}]),
    Case("nobody", [STOP], after=[{"user_id": None}], people=()),
    Case("writes nothing", [], [{}], [KEPT]),
    Case(
        "two STOPs, of which Twilio confirmed the newer one",
        [{"at": NOW - MINUTE}, {"source": "opt_out_type", "confirm_until": None, "note": "n", "recorded_at": NOW}],
        after=[{"source": "opt_out_type", "confirm_until": None, "note": "n", "recorded_at": NOW}],
    ),
    Case(
        "two STOPs, of which Twilio confirmed the older one",
        [STOP, {"at": NOW - MINUTE, "confirm_until": None}],
        after=[{"confirm_until": None}],
    ),
    Case("two STOPs", [{"at": NOW - MINUTE, "confirm_until": NOW + MINUTE}, STOP], after=[{}]),
    Case(
        "sharers",
        [STOP],
        after=[{"user_id": "texted last"}],
        people=(FIRST_ID, "texted last", "texted first"),
        texted={"texted last": NOW - MINUTE, "texted first": NOW - HOUR},
    ),
    Case("sharers not texted", [STOP], after=[{"user_id": UUID(int=2)}], people=(LAST_ID, UUID(int=2))),
    Case("no number", [STOP], after=[{}]),
    Case(
        "START came later",
        [STOP],
        after=[{"ended_at": NOW + MINUTE, "confirm_until": None}],
        starts=[{"received_at": NOW + SECOND}, {"received_at": NOW + MINUTE}],
    ),
    Case(
        "no START came later",
        [STOP],
        after=[{}],
        starts=[
            {"received_at": NOW},
            {"received_at": NOW + SECOND, "kind": "conversation"},
            {"received_at": NOW + SECOND, "phone_number": number_of(998)},
        ],
    ),
    Case(
        "a later START ended an opt-out",
        [STOP],
        [{"ended_at": NOW + SECOND, "user_id": id_of("moved away, overtaken")}],
        [
            {**KEPT, "ended_at": NOW + SECOND, "user_id": "moved away, overtaken"},
            {"ended_at": NOW + SECOND, "confirm_until": None},
        ],
    ),
    Case(
        "an earlier START ended an opt-out",
        [STOP],
        [{"ended_at": NOW, "user_id": id_of("moved away, overtaken")}],
        [{**KEPT, "ended_at": NOW, "user_id": "moved away, overtaken"}, {}],
    ),
    Case(
        "opted out before",
        [{"note": "new", "recorded_at": NOW}],
        [
            {
                "user_id": None,
                "note": "old",
                "recorded_at": NOW - DAY,
                "confirm_until": NOW + MINUTE,
                "confirmation_id": FIRST_ID,
            }
        ],
        [
            {
                **KEPT,
                "opted_out_at": NOW,
                "note": "new",
                "recorded_at": NOW,
                "confirm_until": NOW + MINUTE,
                "confirmation_id": FIRST_ID,
            }
        ],
    ),
    Case(
        "opted out afterwards",
        [{"confirm_until": None}],
        [{"opted_out_at": NOW + SECOND, "note": "old", "recorded_at": NOW - DAY, "confirm_until": NOW + MINUTE}],
        [{**KEPT, "opted_out_at": NOW + SECOND, "note": "old", "recorded_at": NOW - DAY}],
    ),
    Case("opted out, and confirmed by Twilio", [STOP], [{}], [{**KEPT, "opted_out_at": NOW}]),
    Case(
        "nobody any more",
        [STOP],
        [{"user_id": id_of("moved away, overtaken")}],
        [{**KEPT, "opted_out_at": NOW, "user_id": "moved away, overtaken"}],
        people=(),
    ),
    Case(
        "of another person",
        [STOP],
        [{"user_id": id_of("moved away"), "note": "old", "recorded_at": NOW - DAY}],
        [{**KEPT, "opted_out_at": NOW, "note": "old", "recorded_at": NOW - DAY}],
    ),
    Case("moved away", after=[{**KEPT, "note": "old", "recorded_at": NOW - DAY}], people=()),
    Case("of one with no number", [STOP], [{"user_id": id_of("a name")}], [{**KEPT, "opted_out_at": NOW}]),
    Case(
        "of one who is opted out",
        [STOP],
        [{"user_id": id_of("moved away, opted out")}],
        [{**KEPT, "opted_out_at": NOW}],
    ),
    Case("moved away, opted out", before=[{"opted_out_at": NOW - HOUR}], after=[{**KEPT, "opted_out_at": NOW - HOUR}]),
    Case(
        "overtaken, of another",
        [STOP],
        [{"user_id": id_of("moved away, overtaken")}],
        [{**KEPT, "user_id": "moved away, overtaken"}, {"ended_at": NOW + SECOND, "confirm_until": None}],
        starts=[{"received_at": NOW + SECOND}],
    ),
    Case("moved away, overtaken"),
]


@pytest.mark.parametrize("has_bus", [True, False])
def test_what_stops_store(world: World, has_bus: bool) -> None:
    put_cases(world.connection, STOPS)
    numbers = numbers_of(STOPS)
    moved = numbers["moved away"]
    put(
        world.connection,
        "users",
        [
            {"id": id_of("a name"), "phone_number": "a name"},
            {"id": id_of("moved away"), "phone_number": f"({moved[2:5]}) {moved[5:8]}-{moved[8:]}"},
        ],
    )
    put(world.connection, "orchestrator.event_bus", [{"name": "bus"}] * has_bus)
    usual = {"source": "keyword", "at": NOW, "confirm_until": UNTIL}
    stops = [OptOut(numbers[case.name], **{**usual, **stop}) for case in STOPS for stop in case.sends]
    world.connection.execute(sql("store_opt_outs"), {**columns(stops, *OptOut.__slots__), "now": NOW})
    assert wrong_opt_outs(world.connection, [*STOPS, Case("a name", after=[KEPT])]) == {}
    told = {
        name_of(user_id): (source, at)
        for user_id, source, at in world.all(
            "SELECT user_id, detail->>'source', at FROM orchestrator.events WHERE type = 'user.opted_out'"
        )
    }
    new = (
        "a person",
        "two STOPs",
        "two STOPs, of which Twilio confirmed the older one",
        "texted last",
        UUID(int=2),
        "no number",
        "no START came later",
        "an earlier START ended an opt-out",
    )
    of_twilio = {"two STOPs, of which Twilio confirmed the newer one": ("opt_out_type", NOW)}
    assert told == (dict.fromkeys(new, ("keyword", NOW)) | of_twilio if has_bus else {})
