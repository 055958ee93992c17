"""What a status report of Twilio changes: the text, its message, its number; and the reports that change nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from orchestrator.store.settlement import Pause, StatusReport, write_status_reports
from tests.integration.test_sends_ceilings import TODAY, YESTERDAY
from tests.integration.test_sends_outages import MINUTE, all_pauses, sending
from tests.integration.test_sends_reserved import (
    ATTEMPT,
    CONVERSATION,
    HOUR,
    MESSAGE,
    OTHER,
    SECOND,
    USER,
    opt_out,
    pause,
)
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

ZERO, DAY = timedelta(0), timedelta(days=1)


def report(world: World, place: int, status: str, **given: Any) -> StatusReport:
    usual: dict[str, Any] = {
        **dict.fromkeys(StatusReport.__slots__),
        **dict.fromkeys(("opts_out", "is_dead", "is_unreachable", "is_blocked"), False),
        "attempt_id": row_id(ATTEMPT, place),
        "sid": "SM1",
        "status": status,
    }
    changes = {name: world.now + value if isinstance(value, timedelta) else value for name, value in given.items()}
    return StatusReport(**{**usual, **changes})


def taken(
    place: int,
    attempt: Mapping[str, object] | None = None,
    message: Mapping[str, object] | None = None,
    text: Mapping[str, object] | None = None,
) -> list[Row]:
    """A text that Twilio has taken."""
    usual = {
        "sent_at": -HOUR,
        "delivered_message_id": None,
        "expires_at": DAY,
        "lease_until": None,
        "sequence_id": None,
    }
    row = {
        "id": row_id(ATTEMPT, place),
        "conversation_id": row_id(CONVERSATION, place),
        "user_id": row_id(USER, place),
        "role": "concierge",
        "content": "Hi",
        "direction": "outbound",
        "status": "sent",
        "created_at": -HOUR,
        "delivered_at": None,
    }
    known = {"outcome": "accepted", "undelivered_code": None, "error": None}
    return [
        *sending(place, {**known, **(attempt or {})}, **{**usual, "status": "sent", **(message or {})}),
        ("messages", {**row, **(text or {})}),
    ]


# The text ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A text, the reports of it, and its status and time of delivery afterwards."""

    name: str
    reports: Sequence[tuple[str, int | None]]
    after: tuple[str | None, timedelta | None]
    text: Mapping[str, object] = field(default_factory=dict)
    attempt: Mapping[str, object] = field(default_factory=dict)


DELIVERED, READ, SENT, FAILED = ("delivered", None), ("read", None), ("sent", None), ("undelivered", 30003)
CASES = [
    Case("delivered", [DELIVERED], ("delivered", ZERO), attempt={"error": "as it was"}),
    Case("read", [READ], ("delivered", ZERO)),
    Case("undelivered", [FAILED], ("failed", None)),
    Case("failed", [("failed", 30003)], ("failed", None)),
    Case("only queued at Twilio", [("queued", None)], ("sent", None)),
    Case("a row that its agent wrote", [DELIVERED], ("delivered", ZERO), {"id": row_id(MESSAGE, 5)}),
    Case("sent, of a row that was pending", [SENT], ("sent", None), {"status": "pending"}),
    Case("sent, of a row without a status", [SENT], ("sent", None), {"status": None}),
    Case("sent after delivered", [SENT], ("delivered", -HOUR), {"status": "delivered", "delivered_at": -HOUR}),
    Case("undelivered after delivered", [FAILED], ("delivered", -HOUR), {"status": "delivered", "delivered_at": -HOUR}),
    Case("delivered twice", [READ], ("delivered", -HOUR), {"status": "delivered", "delivered_at": -HOUR}),
    Case("sent after failed", [SENT], ("failed", None), {"status": "failed"}),
    Case("delivered after failed", [DELIVERED], ("delivered", ZERO), {"status": "failed"}, {"undelivered_at": -HOUR, "undelivered_code": 1, "error": "old"}),
    Case("delivered at an earlier time", [DELIVERED], ("delivered", -HOUR), {"delivered_at": -HOUR}),
    Case("in any order", [("queued", None), SENT, DELIVERED, FAILED], ("delivered", ZERO)),
    Case("failed with a code and without", [("failed", None), ("failed", 30008), FAILED], ("failed", None)),
    Case("a text that was queued again", [DELIVERED], ("sent", None), attempt={"outcome": "not_sent", "holds_slot": False}),
    Case("a text of the person", [DELIVERED], ("received", None), {"direction": "inbound", "status": "received"}),
    Case("not reported", [], ("sent", None)),
]  # fmt: skip


def test_a_text_moves_forward_by_what_twilio_reports(world: World) -> None:
    insert_rows(
        world,
        *[row for place, case in enumerate(CASES) for row in taken(place, case.attempt, {}, case.text)],
        ("orchestrator.event_bus", {"name": "bus"}),
    )
    reports = [
        report(world, place, status, error_code=code, error=f"error {code}")
        for place, case in enumerate(CASES)
        for status, code in case.reports
    ]
    write_status_reports(world.connection, reports, world.now)
    texts = world.all("SELECT status, delivered_at - %s FROM messages ORDER BY conversation_id", world.now)
    names = [case.name for case in CASES]
    assert dict(zip(names, texts, strict=True)) == {case.name: case.after for case in CASES}
    attempts = world.all(
        "SELECT undelivered_at, undelivered_code, error, outcome, holds_slot FROM orchestrator.attempts ORDER BY id"
    )
    failed = (world.now, 30003, "error 30003", "accepted", True)
    own: dict[str, tuple[object, ...]] = dict.fromkeys(
        ("undelivered", "failed", "failed with a code and without"), failed
    )
    own["delivered"] = (None, None, "as it was", "accepted", True)
    own["a text that was queued again"] = (None, None, None, "not_sent", False)
    assert dict(zip(names, attempts, strict=True)) == {
        name: own.get(name, (None, None, None, "accepted", True)) for name in names
    }
    assert world.all("SELECT DISTINCT status FROM message_queue") == [("sent",)]
    events = world.all("SELECT message_id, type, user_id, detail, at FROM orchestrator.events ORDER BY message_id")
    moved = [(0, "delivered"), (1, "delivered"), (2, "failed"), (3, "failed"), (5, "delivered")]
    moved += [(12, "delivered"), (13, "delivered"), (14, "delivered"), (15, "failed")]
    assert events == [
        (
            row_id(MESSAGE, place),
            f"message.{status}",
            row_id(USER, place),
            {"reason": "undelivered", "error_code": 30003} if status == "failed" else {},
            world.now,
        )
        for place, status in moved
    ]


# A text that was certainly not sent --------------------------------------------------------------------------------------


def test_a_text_that_was_certainly_not_sent_waits_for_its_time_again(world: World) -> None:
    again = {"again_at": HOUR, "error_code": 30036}
    cases: list[tuple[str, str, dict[str, Any], list[Row]]] = [
        ("again", "failed", again, taken(0)),
        ("again, the same person's", "failed", again, taken(1, {"user_id": row_id(USER, 0)})),
        ("again, until it expires", "failed", again, taken(2, message={"expires_at": MINUTE})),
        ("again, without a slot", "failed", again, taken(3, {"holds_slot": False})),
        ("again, of a day that has no budget left", "failed", again, taken(4, {"local_date": YESTERDAY})),
        ("a part of a sequence", "failed", again, taken(5, message={"sequence_id": row_id(OTHER, 1)})),
        ("no time is named", "failed", {}, taken(6)),
        ("delivered", "delivered", again, taken(7)),
        ("forgotten meanwhile", "failed", again, taken(8, message={"status": "cancelled"})),
    ]  # fmt: skip
    budgets = [
        (0, TODAY, 5),
        (1, TODAY, 5),
        (2, TODAY, None),
        (3, TODAY, 5),
        (4, TODAY, 5),
        (4, YESTERDAY, 0),
        (5, TODAY, 5),
    ]
    insert_rows(
        world,
        *[row for *_, rows in cases for row in rows],
        *[("user_message_budget", {"user_id": row_id(USER, place), "date": day, "messages_sent": sent}) for place, day, sent in budgets],
        ("orchestrator.event_bus", {"name": "bus"}),
    )  # fmt: skip
    world.connection.execute(
        "UPDATE message_queue m SET delivered_message_id = a.id FROM orchestrator.attempts a WHERE a.message_id = m.id"
    )
    write_status_reports(
        world.connection,
        [report(world, place, status, **given) for place, (_, status, given, _) in enumerate(cases)],
        world.now,
    )
    found = world.all(
        "SELECT m.status, m.reason, m.scheduled_for - %s, m.sent_at - %s, m.delivered_message_id = a.id, a.outcome,"
        " a.holds_slot FROM message_queue m JOIN orchestrator.attempts a ON a.message_id = m.id ORDER BY a.id",
        *[world.now] * 2,
    )
    waits = ("queued", "dropped_unsent", HOUR, None, None, "not_sent", False)
    stays = ("sent", None, ZERO, -HOUR, True, "accepted", True)
    expected = [waits, waits, ("queued", "dropped_unsent", MINUTE, *waits[3:]), waits, waits, stays, stays, stays]
    names = [name for name, *_ in cases]
    assert dict(zip(names, found, strict=True)) == dict(zip(names, [*expected, ("cancelled", *stays[1:])], strict=True))
    assert world.all("SELECT date, messages_sent FROM user_message_budget ORDER BY date, user_id") == [
        *[(YESTERDAY, 0), (TODAY, 3), (TODAY, 5), (TODAY, 0), (TODAY, 5), (TODAY, 5), (TODAY, 5)],
    ]
    until = {place: MINUTE if place == 2 else HOUR for place in range(5)}
    assert world.all("SELECT message_id, at, status, reason, until FROM orchestrator.timeline ORDER BY message_id") == [
        (row_id(MESSAGE, place), world.now, "queued", "dropped_unsent", world.now + wait)
        for place, wait in until.items()
    ]
    told: list[UUID] = [message for (message,) in world.all("SELECT message_id FROM orchestrator.events ORDER BY 1")]
    assert told == [row_id(MESSAGE, place) for place in range(5, 9)], "nothing is told of a text that waits again"


# What a failure means for others -----------------------------------------------------------------------------------------

# What is known of a number, before and after: dead_code, blocked_code, failures, unreachable_until.
Known = tuple[int | None, int | None, int, timedelta | None]
DEAD: dict[str, Any] = {"status": "failed", "error_code": 30005, "is_dead": True}
UNREACHABLE: dict[str, Any] = {"status": "failed", "error_code": 30003, "is_unreachable": True}
BLOCKED: dict[str, Any] = {"status": "failed", "error_code": 30004, "is_blocked": True}
HELD: dict[str, Any] = {"status": "failed", "error_code": 30100, "holds_number_until": 5 * HOUR}
WENT: dict[str, Any] = {"status": "delivered", "error_code": 6, "is_dead": True, "is_unreachable": True, "is_blocked": True, "holds_number_until": HOUR}  # fmt: skip
NUMBERS: list[tuple[str, dict[str, Any], Known | None, Known | None]] = [
    ("dead", DEAD, None, (30005, None, 0, None)),
    ("dead, and unreachable before", DEAD, (None, 7, 2, MINUTE), (30005, None, 0, None)),
    ("unreachable", UNREACHABLE, None, (None, None, 1, HOUR)),
    ("unreachable twice", UNREACHABLE, (None, None, 1, MINUTE), (None, None, 2, 2 * HOUR)),
    ("unreachable for the fifth time", UNREACHABLE, (None, None, 4, MINUTE), (None, None, 5, 16 * HOUR)),
    ("unreachable for the sixth time", UNREACHABLE, (None, None, 5, MINUTE), (None, None, 6, DAY)),
    ("unreachable, ever so often", UNREACHABLE, (None, None, 99, MINUTE), (None, None, 100, DAY)),
    ("unreachable, and dead before", UNREACHABLE, (8, None, 0, None), (8, None, 1, HOUR)),
    ("unreachable, and blocked before", UNREACHABLE, (None, 30004, 0, MINUTE), (None, None, 1, HOUR)),
    ("blocked", BLOCKED, None, (None, 30004, 0, DAY)),
    ("blocked, and unreachable before", BLOCKED, (None, None, 3, MINUTE), (None, 30004, 0, DAY)),
    ("blocked twice", BLOCKED, (None, 30004, 0, MINUTE), (30004, 30004, 0, DAY)),
    ("blocked, and with another code before", BLOCKED, (9, 30007, 0, MINUTE), (9, 30004, 0, DAY)),
    ("held until a time", HELD, None, (None, None, 0, 5 * HOUR)),
    ("held, and dead before", HELD, (8, None, 4, MINUTE), (8, None, 0, 5 * HOUR)),
    ("delivered", WENT, (8, 7, 4, MINUTE), (None, None, 0, None)),
    ("delivered, nothing was known", WENT, None, None),
    ("sent", {**WENT, "status": "sent"}, (8, 7, 4, MINUTE), (8, 7, 4, MINUTE)),
    ("failed for another reason", {"status": "failed", "error_code": 30007}, (8, 7, 4, MINUTE), (8, 7, 4, MINUTE)),
    ("not reported", {}, (8, 7, 4, MINUTE), (8, 7, 4, MINUTE)),
]


def test_what_the_failure_of_a_text_says_of_its_number(world: World) -> None:
    names = [name for name, *_ in NUMBERS]
    columns = ("dead_code", "blocked_code", "failures")
    first = len(NUMBERS)
    insert_rows(
        world,
        *[row for place in range(first) for row in taken(place, text={"status": "queued"})],
        # Two texts to one number: the report of the later one counts, in whichever order they come.
        *taken(first, {"phone_number": number_of(first), "started_at": -MINUTE}),
        *taken(first + 1, {"phone_number": number_of(first), "started_at": -SECOND}),
        *taken(first + 2, {"phone_number": number_of(first), "started_at": -HOUR}),
        *[
            (
                "orchestrator.numbers",
                {
                    "phone_number": number_of(place),
                    **dict(zip(columns, before[:3], strict=True)),
                    "unreachable_until": before[3],
                    "changed_at": -HOUR,
                },
            )
            for place, (_, _, before, _) in enumerate(NUMBERS)
            if before
        ],
    )
    given = [(place, reported) for place, (_, reported, *_) in enumerate(NUMBERS) if reported]
    later = [(first, DEAD), (first + 1, BLOCKED), (first + 2, UNREACHABLE)]
    write_status_reports(
        world.connection, [report(world, place, **what) for place, what in [*given, *later]], world.now
    )
    found = {
        phone: (tuple(columns), changed)
        for phone, changed, *columns in world.all(
            "SELECT phone_number, changed_at, dead_code, blocked_code, failures, unreachable_until - %s"
            " FROM orchestrator.numbers",
            world.now,
        )
    }
    assert found.pop(number_of(first)) == ((None, 30004, 0, DAY), world.now)
    assert {names[int(phone[-2:])]: columns for phone, (columns, _) in found.items()} == {
        name: after for name, _, _, after in NUMBERS if after
    }
    unchanged = {names[int(phone[-2:])] for phone, (_, changed) in found.items() if changed != world.now}
    assert unchanged == {"sent", "failed for another reason", "not reported"}
    assert world.all("SELECT 1 FROM orchestrator.events") == [], "there is no event bus"


def test_a_failure_ends_texts_to_who_opted_out_at_twilio_and_pauses_what_would_meet_it_too(world: World) -> None:
    stop: dict[str, Any] = {"opts_out": True, "error_code": 21610}
    busy: dict[str, Any] = {"pause": Pause.BUSY, "pause_until": HOUR}
    reports: list[tuple[str, dict[str, Any]]] = [
        ("failed", stop),
        ("failed", stop),  # the same number
        ("failed", stop),  # opted out already
        ("failed", stop),  # opted out until an hour ago
        ("delivered", stop),
        ("failed", {"error_code": 1, **busy}),
        ("failed", {"error_code": 3, **busy, "pause_until": MINUTE}),
        ("failed", {"error_code": 2, **busy}),
        ("failed", {"error_code": 2, **busy, "country": "CA"}),
        ("failed", {"error_code": 4, "pause": Pause.COUNTRY, "pause_until": HOUR, "country": "CA"}),
        ("failed", {"error_code": 5, "pause": Pause.PROVIDER, "pause_until": HOUR}),
        ("delivered", {"error_code": 6, "pause": Pause.COUNTRY, "pause_until": HOUR, "country": "FR"}),
    ]
    lanes = {5: "high", 6: "high", 7: "low", 8: "urgent"}
    insert_rows(
        world,
        *[
            row
            for place in range(len(reports))
            for row in taken(
                place, {"phone_number": number_of(max(1, place))}, {"priority": lanes.get(place, "medium")}
            )
        ],
        opt_out(phone_number=number_of(2)),
        opt_out(phone_number=number_of(3), ended_at=-HOUR),
        pause("busy", "low", ends_at=2 * HOUR),
        pause("busy", "urgent", ends_at=ZERO),
        pause("provider", "", probes=0, probe_at=MINUTE),
    )
    write_status_reports(
        world.connection,
        [report(world, place, status, **given) for place, (status, given) in enumerate(reports)],
        world.now,
    )
    in_force = "SELECT phone_number, source, opted_out_at FROM orchestrator.opt_outs WHERE ended_at IS NULL ORDER BY 1"
    assert world.all(in_force) == [
        (number_of(1), "twilio_21610", world.now),
        (number_of(2), "test", world.now - HOUR),
        (number_of(3), "twilio_21610", world.now),
    ]
    slow, account = "Twilio or a carrier asked us to slow down: code ", "Carriers refuse our account: code "
    none = (None, None, None)
    assert all_pauses(world) == [
        ("busy", "high", f"{slow}3", ZERO, HOUR, *none),
        ("busy", "low", f"{slow}2", -HOUR, 2 * HOUR, *none),
        ("busy", "urgent", f"{slow}2", ZERO, HOUR, *none),
        ("country", "CA", f"{account}4", ZERO, HOUR, *none),
        ("provider", "", None, -HOUR, None, 0, MINUTE, None),
    ]
