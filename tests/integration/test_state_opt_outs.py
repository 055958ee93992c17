"""Opt-outs: which rows a STOP and a START write, for many numbers in one batch, beside rows that almost belong to them."""

from typing import Any
from uuid import UUID

import pytest

from orchestrator.store.database import columns, sql
from orchestrator.store.opt_outs import OptIn, OptOut
from tests.rows_by_name import id_of, name_of, number_of, put
from tests.opt_out_cases import FIRST_ID, KEPT, LAST_ID, STOP, UNTIL, Case, numbers_of, put_cases, wrong_opt_outs
from tests.state_cases import DAY, HOUR, MINUTE, NOW, SECOND
from tests.world import World

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


START: dict[str, Any] = {}
OPEN, OVER = {**KEPT}, {**KEPT, "ended_at": NOW}
STARTS = [
    Case("sends START", [START], [{}], [OVER]),
    Case("sends START twice", [{"at": NOW - HOUR}, START, {"at": NOW - MINUTE}], [{}], [OVER]),
    Case("sends START at the time of the STOP", [START], [{"opted_out_at": NOW}], [{**OPEN, "opted_out_at": NOW}]),
    Case("has sent START before", [START], [{"ended_at": NOW - HOUR}], [{**OVER, "ended_at": NOW - HOUR}]),
    Case("sends nothing", [], [{}], [OPEN]),
    Case(
        "had other numbers",
        [START],
        [
            {"phone_number": number_of(901)},
            {"phone_number": number_of(902), "opted_out_at": NOW},
            {"phone_number": number_of(903), "ended_at": NOW - HOUR},
            {"phone_number": number_of(904), "user_id": id_of("sends nothing")},
        ],
    ),
    Case(
        "gives a number back",
        [START],
        [{"user_id": id_of("went away"), "note": "n", "recorded_at": NOW}],
        [{**OVER, "user_id": "went away", "note": "n", "recorded_at": NOW}],
    ),
    Case("went away", after=[{**OPEN, "note": "n", "recorded_at": NOW, "stored_at": None}], people=()),
    Case("a name", after=[{**OPEN, "stored_at": None}]),
    Case("gives the number of a name back", [START], [{"user_id": id_of("a name")}], [{**OVER, "user_id": "a name"}]),
    Case(
        "of one who is opted out there",
        [START],
        [{"user_id": id_of("opted out there")}],
        [{**OVER, "user_id": "opted out there"}],
    ),
    Case("opted out there", before=[{"opted_out_at": NOW - HOUR}], after=[{**OPEN, "opted_out_at": NOW - HOUR}]),
    Case(
        "shares it",
        [START],
        [{"user_id": id_of("the sharer")}],
        [{**OVER, "user_id": "the sharer"}],
        people=("", "the sharer"),
    ),
]


def test_what_starts_end(world: World) -> None:
    put_cases(world.connection, STARTS)
    numbers = numbers_of(STARTS)
    away = numbers["went away"]
    put(
        world.connection, "users", [{"id": id_of("went away"), "phone_number": f"({away[2:5]}) {away[5:8]}-{away[8:]}"}]
    )
    hashes = {"before": NOW - SECOND, "at once": NOW, "not named": NOW - DAY}
    forgotten = [{"number_hash": name, "opted_out_at": at} for name, at in hashes.items()]
    put(world.connection, "orchestrator.forgotten_opt_outs", forgotten)
    starts = [
        OptIn(numbers[case.name], **{"at": NOW, "number_hash": None, **start})
        for case in STARTS
        for start in case.sends
    ]
    starts += [OptIn(number_of(998), NOW, number_hash) for number_hash in ("before", "at once")]
    world.connection.execute(sql("end_opt_outs"), columns(starts, *OptIn.__slots__))
    of_other_numbers = {
        number_of(901): {**OPEN, "user_id": None},
        number_of(902): {**OPEN, "user_id": "had other numbers", "opted_out_at": NOW},
        number_of(903): {**OPEN, "user_id": "had other numbers", "ended_at": NOW - HOUR},
        number_of(904): {**OPEN, "user_id": "sends nothing"},
    }
    others = [Case(number, after=[row]) for number, row in of_other_numbers.items()]
    assert wrong_opt_outs(world.connection, [*STARTS, *others]) == {}
    kept = world.all("SELECT number_hash FROM orchestrator.forgotten_opt_outs ORDER BY 1")
    assert kept == [("at once",), ("not named",)]
