"""What the outcome of an attempt writes, row by row; and the outcomes that come too late."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.settlement import Evidence, settle_by_evidence
from tests.integration.test_sends_ceilings import DAY, MIDNIGHT, TODAY, YESTERDAY
from tests.integration.test_sends_outages import Result, sending, settlement
from tests.integration.test_sends_reserved import ATTEMPT, CONVERSATION, HOUR, MESSAGE, SECOND, USER, opt_out
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

ZERO, LEASE = timedelta(0), timedelta(minutes=10)
# Of the attempt: outcome, evidence, whether it is settled now, Twilio's id, code, error, and whether it holds its slot.
# Of the message: status, reason, tries, lease, when it is due, whether it is sent now, and whose id its text has.
OPEN = (None, None, False, None, None, None, True)
SENDING = ("sending", None, 1, LEASE, ZERO, False, None)
SENT = ("sent", None, 1, None, ZERO, True, "attempt")
UNKNOWN = ("sending", "unknown_outcome", 1, LEASE, ZERO, False, None)
FAILED = ("failed", "unknown_outcome", 1, None, ZERO, False, None)
BY_ANSWER = ("accepted", "answer", True, "SM1", None, None, True)


@dataclass(frozen=True)
class Case:
    """An attempt and its message, what becomes of them, and how many slots their person's day has afterwards, of five."""

    name: str
    result: Result | None
    attempt: tuple[object, ...]
    message: tuple[object, ...]
    sent: int = 5
    of_attempt: Mapping[str, object] = field(default_factory=dict)
    of_message: Mapping[str, object] = field(default_factory=dict)


ACCEPTED: Result = ("accepted", {"sid": "SM1"})
REFUSED: Result = (
    "refused",
    {"status": Status.FAILED, "reason": Reason.REFUSED, "error_code": 21610, "error": "no", "tries": 3},
)
LATER: Result = ("not_sent", {"evidence": Evidence.NO_CALL, "until": HOUR, "tries": 2})
WAS_UNKNOWN: dict[str, object] = {"status": "sending", "reason": "unknown_outcome"}
HAS_FAILED: dict[str, object] = {"status": "failed", "reason": "unknown_outcome", "lease_until": None}
NOT_SENT = ("not_sent", "no_call", True, None, None, None, False)
WAITS = ("queued", "provider_unreachable", 2, None, HOUR, False, None)
CASES = [
    Case("accepted", ACCEPTED, BY_ANSWER, SENT, of_message={"agent_id": "bouncer_7", "final_message": "Hello"}),
    Case(
        "accepted, a row that its agent wrote", ACCEPTED, BY_ANSWER, (*SENT[:-1], "message"),
        of_message={"words_source": "row", "final_message": "other words"},
    ),
    Case(
        "accepted, without a slot, of an agent that no role is named for", ACCEPTED, (*BY_ANSWER[:-1], False), SENT,
        of_attempt={"holds_slot": False}, of_message={"agent_id": "bouncers_7"},
    ),
    Case("refused", REFUSED, ("refused", "answer", True, None, 21610, "no", False), ("failed", "refused", 3, None, ZERO, False, None), sent=4),
    Case("refused, without a slot", REFUSED, ("refused", "answer", True, None, 21610, "no", False), ("failed", "refused", 3, None, ZERO, False, None), of_attempt={"holds_slot": False, "started_at": MIDNIGHT - SECOND}),
    Case("not sent, yesterday's", LATER, NOT_SENT, WAITS, of_attempt={"local_date": YESTERDAY, "started_at": MIDNIGHT}),
    Case("not sent, before texts had a price", LATER, NOT_SENT, WAITS, sent=4, of_attempt={"price_usd": None}),
    Case("unknown", ("unknown", {}), ("unknown", None, True, None, None, None, True), UNKNOWN),
    Case("unknown, and then accepted", ACCEPTED, BY_ANSWER, SENT, of_attempt={"outcome": "unknown"}, of_message=WAS_UNKNOWN),
    Case("unknown, its message ended, and then accepted", ACCEPTED, BY_ANSWER, SENT, of_attempt={"outcome": "unknown"}, of_message=HAS_FAILED),
    Case("unknown, and then not sent", LATER, NOT_SENT, WAITS, sent=4, of_attempt={"outcome": "unknown"}, of_message=HAS_FAILED),
    Case("unknown once more", ("unknown", {"error": "again"}), ("unknown", *OPEN[1:]), UNKNOWN, of_attempt={"outcome": "unknown"}, of_message=WAS_UNKNOWN),
    Case("unknown after its message ended", ("unknown", {}), ("unknown", None, True, None, None, None, True), FAILED, of_message=HAS_FAILED),
    Case("accepted, its message ended otherwise", ACCEPTED, BY_ANSWER, ("failed", "forgotten", *FAILED[2:]), of_attempt={"outcome": "unknown"}, of_message={**HAS_FAILED, "reason": "forgotten"}),
    Case("accepted before", REFUSED, ("accepted", *OPEN[1:]), (*SENT[:5], False, None), of_attempt={"outcome": "accepted"}, of_message={"status": "sent", "lease_until": None}),
    Case("refused before", ACCEPTED, ("refused", *OPEN[1:-1], False), ("failed", "refused", *FAILED[2:]), of_attempt={"outcome": "refused", "holds_slot": False}, of_message={**HAS_FAILED, "reason": "refused"}),
    Case("not asked about", None, OPEN, SENDING),
]  # fmt: skip


def rows_of(place: int, case: Case) -> list[Row]:
    message = {"tries": 1, "words_source": "plain", "final_message": None, **case.of_message}
    attempt = {"price_usd": "0.01", "segments": 2, **case.of_attempt}
    return [
        *sending(place, attempt, **message),
        *[("user_message_budget", {"user_id": row_id(USER, place), "date": day, "messages_sent": 5}) for day in (TODAY, YESTERDAY)],
    ]  # fmt: skip


def places_of(table: str, world: World, column: str = "id") -> list[int]:
    """Which conversations were touched now."""
    touched = world.all(
        f"SELECT {column} FROM {table} WHERE last_message_at = %s AND updated_at = %s", *[world.now] * 2
    )
    return sorted(found.int & 0xFFFF for (found,) in touched)


def test_an_outcome_is_written_once(world: World) -> None:
    text = {
        "role": "innovator",
        "content": "Hi there",
        "direction": "outbound",
        "status": "pending",
        "created_at": -HOUR,
    }
    agent = {"prefix": "bouncer_", "purpose": "transactional", "may_use_urgent": True, "needs_approval": False}
    insert_rows(
        world,
        *[row for place, case in enumerate(CASES) for row in rows_of(place, case)],
        ("messages", {"id": row_id(MESSAGE, 1), "conversation_id": row_id(CONVERSATION, 1), "user_id": row_id(USER, 1), **text}),
        ("orchestrator.agents", agent),
        ("orchestrator.event_bus", {"name": "bus"}),
    )  # fmt: skip
    settlements = [
        settlement(place, case.result[0], world.now, **case.result[1])
        for place, case in enumerate(CASES)
        if case.result
    ]
    shard = "INSERT INTO orchestrator.spending_shards (day, shard, texts, segments, twilio_usd) VALUES (%s, pg_backend_pid(), 9, 9, 9)"
    with world.connection.transaction():
        for day in (TODAY, TODAY + DAY):
            world.connection.execute(shard, (day,))
        settle_by_evidence(world.connection, settlements, world.now)

    now, names = world.now, [case.name for case in CASES]
    attempts = world.all(
        "SELECT outcome, evidence, settled_at IS NOT DISTINCT FROM %s, twilio_message_sid, error_code, error, holds_slot"
        " FROM orchestrator.attempts ORDER BY id",
        now,
    )
    assert dict(zip(names, attempts, strict=True)) == {case.name: case.attempt for case in CASES}
    messages = world.all(
        "SELECT m.status, m.reason, m.tries, m.lease_until - %s, m.scheduled_for - %s, m.sent_at IS NOT DISTINCT FROM %s,"
        " CASE m.delivered_message_id WHEN m.id THEN 'message' WHEN a.id THEN 'attempt' END"
        " FROM message_queue m JOIN orchestrator.attempts a ON a.message_id = m.id ORDER BY m.id",
        *[now] * 3,
    )
    assert dict(zip(names, messages, strict=True)) == {case.name: case.message for case in CASES}
    budget = world.all("SELECT date, messages_sent FROM user_message_budget ORDER BY date, user_id")
    yesterdays = names.index("not sent, yesterday's")
    assert budget == [
        *[(YESTERDAY, 4 if place == yesterdays else 5) for place in range(len(CASES))],
        *[(TODAY, case.sent) for case in CASES],
    ]
    # Of today: the first one that was refused, one that began at midnight, and one that Twilio had not answered.
    assert world.all("SELECT day, texts, segments, twilio_usd FROM orchestrator.spending_shards ORDER BY 1") == [
        (YESTERDAY, -1, -2, Decimal("-0.01")),
        (TODAY, 6, 3, Decimal("8.97")),
        (TODAY + DAY, 9, 9, 9),
    ]
    told = {
        case.name: (case.message[0], case.message[1], now + HOUR if case.message is WAITS else None, now)
        for case in CASES
        if case.name in names[3:8] or case.name == "unknown, and then not sent"
    }
    timeline = world.all("SELECT message_id, status, reason, until, at FROM orchestrator.timeline ORDER BY message_id")
    assert {names[message.int & 0xFFFF]: tuple(entry) for message, *entry in timeline} == told
    sent = [place for place, case in enumerate(CASES) if case.message[0] == "sent" and case.name != "accepted before"]
    assert places_of("conversations", world) == [*sent, names.index("accepted, its message ended otherwise")]
    written = [(row_id(ATTEMPT, place), place, "concierge", "", now, now) for place in sent]
    written[0] = (row_id(ATTEMPT, 0), 0, "bouncer", "Hello", now, now)
    written[1] = (row_id(MESSAGE, 1), 1, "innovator", "Hi there", now - HOUR, now)
    assert world.all(
        "SELECT id, conversation_id, user_id, role, content, created_at, sent_at, direction, status, twilio_message_sid"
        " FROM messages ORDER BY conversation_id"
    ) == [
        (text_id, row_id(CONVERSATION, place), row_id(USER, place), *columns, "outbound", "sent", "SM1")
        for text_id, place, *columns in written
    ]
    events = world.all(
        "SELECT user_id, message_id, detail, at FROM orchestrator.events WHERE type = 'message.sent' ORDER BY user_id"
    )
    purposes: dict[int, dict[str, Any]] = {
        0: {"agent_id": "bouncer_7", "purpose": "transactional"},
        2: {"agent_id": "bouncers_7", "purpose": "informational"},
    }
    usual = {"agent_id": "news", "purpose": "informational"}
    assert events == [(row_id(USER, place), row_id(MESSAGE, place), purposes.get(place, usual), now) for place in sent]


def test_two_slots_of_a_day_are_freed_together_and_none_that_is_not_there(world: World) -> None:
    """Ada's two attempts and Ben's one; Cem's day was set to none, and Dan's to nothing."""
    owners = (0, 0, 2, 3, 4)
    rows = [
        row
        for place, owner in enumerate(owners)
        for row in sending(place, {"user_id": row_id(USER, owner)}, user_id=row_id(USER, owner))
    ]
    for owner, sent in ((0, 5), (2, 5), (3, 0), (4, None)):
        rows.append(("user_message_budget", {"user_id": row_id(USER, owner), "date": TODAY, "messages_sent": sent}))
    insert_rows(world, *rows)
    settle_by_evidence(
        world.connection, [settlement(place, LATER[0], world.now, **LATER[1]) for place in range(5)], world.now
    )
    assert world.all("SELECT messages_sent FROM user_message_budget ORDER BY user_id") == [(3,), (4,), (0,), (0,)]


def test_what_twilio_answers_about_a_number_is_kept(world: World) -> None:
    """Places 0 and 1 have one number. The person of place 2 was opted out, the one of 3 until an hour ago."""
    bad: dict[str, Any] = {"status": Status.FAILED, "reason": Reason.BAD_NUMBER}
    other: dict[str, Any] = {"status": Status.FAILED, "reason": Reason.REFUSED}
    results: list[Result] = [
        ("refused", {**bad, "opts_out": True, "error_code": 21211}),
        ("refused", {**bad, "opts_out": True, "error_code": 21614}),
        ("refused", {**bad, "opts_out": True, "error_code": 21217}),
        ("refused", {**other, "opts_out": True, "error_code": 21610}),
        ("refused", {**other, "error_code": 21611}),
        ACCEPTED,
    ]
    known = {"dead_code": 1, "failures": 2, "blocked_code": 3, "unreachable_until": HOUR, "changed_at": -HOUR}
    insert_rows(
        world,
        *sending(0),
        *sending(1, {"phone_number": number_of(0)}),
        *[row for place in range(2, 6) for row in sending(place)],
        opt_out(phone_number=number_of(2)),
        opt_out(phone_number=number_of(3), ended_at=-HOUR),
        *[("orchestrator.numbers", {"phone_number": number_of(place), **known}) for place in (2, 5)],
    )
    settle_by_evidence(
        world.connection,
        [settlement(place, outcome, world.now, **given) for place, (outcome, given) in enumerate(results)],
        world.now,
    )
    now, before = world.now, world.now - HOUR
    in_force = world.all(
        "SELECT phone_number, user_id, source, opted_out_at FROM orchestrator.opt_outs WHERE ended_at IS NULL ORDER BY 1"
    )
    assert in_force == [
        (number_of(0), in_force[0][1], "twilio_21610", now),
        (number_of(2), None, "test", before),
        (number_of(3), row_id(USER, 3), "twilio_21610", now),
    ]
    assert in_force[0][1] in (row_id(USER, 0), row_id(USER, 1))
    assert world.all(
        "SELECT phone_number, dead_code, failures, blocked_code, unreachable_until, changed_at"
        " FROM orchestrator.numbers ORDER BY 1"
    ) == [
        (number_of(0), 21614, 0, None, None, now),
        (number_of(2), 21217, 2, 3, now + HOUR, now),
        (number_of(5), 1, 2, 3, now + HOUR, before),
    ]
    assert world.all("SELECT 1 FROM orchestrator.events") == [], "there is no event bus"
