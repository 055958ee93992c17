"""Cases of opt-outs: a number, what it sends, and its opt-outs before and afterwards."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from tests.rows_by_name import differing, id_of, number_of, put
from tests.state_cases import DAY, HOUR, NOW

UNTIL = NOW + HOUR
FIRST_ID, LAST_ID = UUID(int=1), UUID(int=2**128 - 1)


@dataclass
class Case:
    """A number, what it sends, the rows of before, and the rows that are there afterwards.

    Attributes:
        sends: STOPs or STARTs, in the order in which they come.
        before, after: its opt-outs; each is given by what is not as usual.
        people: who has the number now; the ids are their names.
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
    names = ("no number", "a name")
    return {case.name: case.name if case.name in names else number_of(place) for place, case in enumerate(cases)}


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
