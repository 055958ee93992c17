"""Decisions on waiting messages: what is stored of each, which parts of its sequence follow it, and what stays."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.database import columns, sql
from orchestrator.store.settlement import read_open_attempts
from orchestrator.store.wave_plan import DecisionRow, StoredWords
from tests.integration.test_locks import open_transaction, parameters, run_after
from tests.integration.test_sends_ceilings import text
from tests.integration.test_sends_claims import MINUTE, part, person, waiting
from tests.integration.test_sends_forward import unread
from tests.integration.test_sends_outages import provider
from tests.integration.test_sends_reserved import HOUR, MESSAGE, OTHER, SECOND, USER
from tests.integration.test_sends_upkeep import run, timeline
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

ZERO = timedelta(0)
HELD: dict[str, object] = {"status": "approved", "lease_until": MINUTE}
# Status, reason, lease, when it is due, priority, whether it is a reply, why it was superseded, and by which message.
State = tuple[Any, ...]


def messages(cases: Mapping[str, Mapping[str, object]]) -> list[Row]:
    """Messages that fell due an hour ago."""
    return [waiting(place, 0, **{"scheduled_for": -HOUR, **given}) for place, given in enumerate(cases.values())]


def states(world: World, names: Mapping[str, object]) -> dict[str, State]:
    found = world.all(
        "SELECT status, reason, lease_until - %s, scheduled_for - %s, priority, is_reply, superseded_reason,"
        " superseded_by_message_id FROM message_queue ORDER BY id",
        *[world.now] * 2,
    )
    return dict(zip(names, found, strict=True))


def waits(due: timedelta = -HOUR, **columns: Any) -> State:
    usual = {"status": "queued", "reason": None, "lease": None, "due": due, "priority": "high", "is_reply": None}
    state: tuple[Any, ...] = tuple({**usual, "why": None, "by": None, **columns}.values())
    return state


NEWER, REPLACEMENT = row_id(MESSAGE, 0), row_id(MESSAGE, 1)
# A message, what is decided on it, and its state afterwards.
Decided = tuple[dict[str, object], tuple[Any, ...] | None, State]
SENT: dict[str, object] = {"status": "sent"}
LATER = ("queued", Reason.DAILY_LIMIT, HOUR)
STALE = ("superseded", Reason.STALE, None)
UNDECIDED: dict[str, Any] = {"status": "approved", "lease": MINUTE}
DECISIONS: dict[str, Decided] = {
    "a newer one": (SENT, None, waits(status="sent")),
    "one that replaces the third": ({**SENT, "supersedes_message_id": row_id(MESSAGE, 2)}, None, waits(status="sent")),
    "replaced": (
        HELD, ("superseded", Reason.SUPERSEDED, None, REPLACEMENT),
        waits(status="superseded", reason="superseded", why="Another message names it as the one that it replaces", by=REPLACEMENT),
    ),
    "older than another of its topic": (
        HELD, ("superseded", Reason.SUPERSEDED, None, NEWER),
        waits(status="superseded", reason="superseded", why="A newer message of the same topic took its place", by=NEWER),
    ),
    "older than one that replaces another": (
        HELD, ("superseded", Reason.SUPERSEDED, None, REPLACEMENT),
        waits(status="superseded", reason="superseded", why="A newer message of the same topic took its place", by=REPLACEMENT),
    ),
    "stale": (HELD, STALE, waits(status="superseded", reason="stale", why="What the person wrote made it stale")),
    "held": (HELD, LATER, waits(HOUR, reason="daily_limit")),
    "held as it was due": ({**HELD, "scheduled_for": -MINUTE}, ("queued", Reason.PAUSED, None), waits(-MINUTE, reason="paused")),
    "a reply": ({**HELD, "is_reply": True, "priority": "low"}, LATER, waits(HOUR, reason="daily_limit", is_reply=True, priority="low")),
    "no reply": ({**HELD, "is_reply": False, "priority": "low"}, LATER, waits(HOUR, reason="daily_limit", is_reply=False, priority="low")),
    "a reply of too many": (
        {**HELD, "is_reply": True, "priority": "urgent"}, ("queued", Reason.REPLY_LIMIT, HOUR),
        waits(HOUR, reason="reply_limit", is_reply=False),
    ),
    "cancelled": (HELD, ("cancelled", Reason.OPTED_OUT, None, NEWER), waits(status="cancelled", reason="opted_out", by=NEWER)),
    "reserved meanwhile": ({**HELD, "status": "sending"}, LATER, waits(status="sending", lease=MINUTE)),
    "due again meanwhile": ({}, LATER, waits()),
    "not decided on": (HELD, None, waits(**UNDECIDED)),
    "a part that was sent": ({**part(1, 1), "status": "sent"}, None, waits(status="sent")),
    "the second part": ({**HELD, **part(2, 1)}, LATER, waits(HOUR, reason="daily_limit")),
    "the third part": ({**part(3, 1), "reason": "paused"}, None, waits(HOUR, reason="daily_limit")),
    "a part of another sender": ({**part(4, 1), "accepted_at": None}, None, waits()),
    "a part of another sequence": (part(2, 2), None, waits()),
    "a part that is queued again": (part(1, 3), LATER, waits()),
    "and its third part": (part(3, 3), None, waits()),
    "ends": ({**HELD, **part(1, 4)}, STALE, waits(status="superseded", reason="stale", why="It no longer fits")),
    "one that replaces the fourth": ({**SENT, "supersedes_message_id": row_id(MESSAGE, 3)}, None, waits(status="sent")),
    "ends with it": (part(2, 4), None, waits(status="superseded", reason="stale", why="What the person wrote made it stale")),
}  # fmt: skip


def test_a_decision_is_stored_with_the_parts_that_follow(world: World) -> None:
    known = {"supersedes_message_id": None}
    insert_rows(world, person(0), *messages({name: {**known, **given} for name, (given, _, _) in DECISIONS.items()}))
    names = [*DECISIONS]
    judged = {"message_id": row_id(MESSAGE, names.index("ends")), "inbound_id": row_id(OTHER, 1), "verdict": "stale"}
    insert_rows(
        world, ("orchestrator.relevance", {**judged, "why": "It no longer fits", "judged_at": -HOUR, "reused": 0})
    )
    decisions = [
        DecisionRow(
            row_id(MESSAGE, place),
            Status(decided[0]),
            decided[1],
            decided[2] and world.now + decided[2],
            superseded_by=decided[3] if len(decided) > 3 else None,
            note=f"note on {name}",
        )
        for place, (name, (_, decided, _)) in enumerate(DECISIONS.items())
        if decided
    ]
    execute(world, "store_decisions", **columns(decisions, *DecisionRow.__slots__))
    assert states(world, DECISIONS) == {name: after for name, (*_, after) in DECISIONS.items()}
    follow = {"the third part": "the second part", "ends with it": "ends"}
    changed = [name for name, (given, _, after) in DECISIONS.items() if after[1] not in (None, given.get("reason"))]
    noted = world.all("SELECT message_id, note FROM orchestrator.timeline ORDER BY message_id")
    assert {names[message.int & 0xFFFF]: note for message, note in noted} == {
        name: f"note on {follow.get(name, name)}" for name in changed
    }
    until = {name: world.now + HOUR if after[3] == HOUR else None for name, (*_, after) in DECISIONS.items()}
    world.connection.execute("UPDATE orchestrator.timeline SET note = NULL")
    assert timeline(world, DECISIONS) == {
        name: (DECISIONS[name][2][0], DECISIONS[name][2][1], until[name]) for name in changed
    }


def execute(world: World, statement: str, **given: object) -> None:
    """Run a statement that returns nothing."""
    world.connection.execute(sql(statement), {"now": world.now, **given})


def test_words_replace_those_of_a_message_that_no_one_may_have_sent(world: World) -> None:
    cases: dict[str, tuple[dict[str, object], bool]] = {
        "approved": (HELD, True),
        "waits for an operator": ({"reason": "approval"}, True),
        "waits for something else": ({"reason": "paused"}, False),
        "is being sent": ({**HELD, "status": "sending", "reason": "approval"}, False),
        "was sent": (SENT, False),
        "has no new words": (HELD, False),
    }
    old = {"final_message": "Old", "words_source": "plain", "words_on": "2026-03-01", "segments": 1, "encoding": "gsm7"}
    insert_rows(world, person(0), *messages({name: {**given, **old} for name, (given, _) in cases.items()}))
    new = [StoredWords(row_id(MESSAGE, place), "New", "claude", date(2026, 3, 3), 2, "ucs2") for place in range(5)]
    execute(world, "store_words", **columns(new, *StoredWords.__slots__))
    stored = world.all(
        "SELECT final_message, words_source, words_on, segments, encoding FROM message_queue ORDER BY id"
    )
    before, after = ("Old", "plain", date(2026, 3, 1), 1, "gsm7"), ("New", "claude", date(2026, 3, 3), 2, "ucs2")
    assert dict(zip(cases, stored, strict=True)) == {
        name: after if is_new else before for name, (_, is_new) in cases.items()
    }


# Words that an operator does not approve ---------------------------------------------------------------------------------

ASKED: dict[str, object] = {"reason": "approval"}
REFUSED: dict[str, tuple[dict[str, object], bool]] = {
    "asked about": ({**ASKED, **part(1, 1)}, True),
    "its second part": (part(2, 1), True),
    "its third part, which waits too": ({**ASKED, **part(3, 1)}, True),
    "a part that was sent": ({**SENT, **part(4, 1)}, False),
    "a part of another sender": ({**part(5, 1), "accepted_at": None}, False),
    "a part of another sequence": ({**ASKED, **part(1, 2)}, False),
    "another message": (ASKED, False),
    "a message without a sequence": ({}, False),
}


@pytest.mark.parametrize(
    ("change", "ends"),
    [({}, True), ({"status": "approved", "lease_until": MINUTE}, False), ({"reason": "paused"}, False)],
)
def test_a_message_that_is_not_approved_ends_with_its_sequence(
    world: World, change: dict[str, object], ends: bool
) -> None:
    cases = {name: given for name, (given, _) in REFUSED.items()}
    insert_rows(world, person(0), *messages({**cases, "asked about": {**cases["asked about"], **change}}))
    before = states(world, cases)
    ended = [name for name, (_, is_end) in REFUSED.items() if is_end and ends]
    assert len(run(world, "refuse_message", message_id=row_id(MESSAGE, 0))) == len(ended)
    after = {name: ("cancelled", "not_approved", *before[name][2:]) for name in ended}
    assert states(world, cases) == {**before, **after}
    assert timeline(world, cases) == dict.fromkeys(ended, ("cancelled", "not_approved", None))


# Verdicts on messages that wait --------------------------------------------------------------------------------------------

JUDGED: dict[str, tuple[dict[str, object], str | None, State]] = {
    "stale": ({}, "stale", waits(status="superseded", reason="stale", why="What the person wrote made it stale")),
    "to be reformulated": ({"reason": "paused"}, "reformulate", waits(2 * HOUR, reason="reformulation")),
    "to be reformulated before it expires": ({"expires_at": HOUR}, "reformulate", waits(HOUR, reason="reformulation")),
    "relevant": ({}, "relevant", waits()),
    "under way": (HELD, "stale", waits(**UNDECIDED)),
    "of another sender": ({"accepted_at": None}, "stale", waits()),
    "not judged": ({}, None, waits()),
    "a part": (part(2, 1), "reformulate", waits(2 * HOUR, reason="reformulation")),
    "the next part": (part(3, 1), None, waits(2 * HOUR, reason="reformulation")),
    "the part before": ({**part(1, 1), **SENT}, None, waits(status="sent")),
    "a part of another sender": ({**part(4, 1), "accepted_at": None}, None, waits()),
    "a part of another sequence": (part(3, 2), None, waits()),
    "a part under way": ({**part(1, 3), **HELD}, "stale", waits(**UNDECIDED)),
    "the part after it": (part(2, 3), None, waits()),
}


def test_a_verdict_changes_the_message_that_waits_and_its_sequence(world: World) -> None:
    known = {"expires_at": 9 * HOUR}
    insert_rows(world, person(0), *messages({name: {**known, **given} for name, (given, _, _) in JUDGED.items()}))
    verdicts = [(row_id(MESSAGE, place), verdict) for place, (_, verdict, _) in enumerate(JUDGED.values()) if verdict]
    ids, words = zip(*verdicts, strict=True)
    execute(world, "apply_verdicts", message_id=[*ids], verdict=[*words], until=world.now + 2 * HOUR)
    assert states(world, JUDGED) == {name: after for name, (*_, after) in JUDGED.items()}
    assert timeline(world, JUDGED) == {
        name: (after[0], after[1], world.now + after[3] if after[0] == "queued" else None)
        for name, (*_, after) in JUDGED.items()
        if after[1] in ("stale", "reformulation")
    }


# Messages that waited until a text was read ------------------------------------------------------------------------------

UNREAD: dict[str, object] = {"reason": "reply_unjudged", "scheduled_for": HOUR}
CAME: dict[str, tuple[dict[str, object], tuple[str, timedelta]]] = {
    "waited for the text": (UNREAD, ("approved", ZERO)),
    "no reply": ({**UNREAD, "is_reply": False}, ("approved", ZERO)),
    "a reply, in its turn": ({**UNREAD, "is_reply": True}, ("queued", ZERO)),
    "the first part": ({**UNREAD, **part(1, 1)}, ("approved", ZERO)),
    "the second part, in its turn": ({**UNREAD, **part(2, 1)}, ("queued", ZERO)),
    "waits for something else": ({**UNREAD, "reason": "paused"}, ("queued", HOUR)),
    "under way": ({**UNREAD, **HELD}, ("approved", HOUR)),
    "of another sender": ({**UNREAD, "accepted_at": None}, ("queued", HOUR)),
    "of a person who was not asked about": ({**UNREAD, "user_id": row_id(USER, 1)}, ("queued", HOUR)),
    "of a person with an unread text": ({**UNREAD, "user_id": row_id(USER, 2)}, ("queued", HOUR)),
    "of a number with an unread text": ({**UNREAD, "user_id": row_id(USER, 3)}, ("queued", HOUR)),
}


def test_what_waited_until_a_text_was_read_comes_forward(world: World) -> None:
    insert_rows(
        world,
        *[person(place) for place in range(4)],
        unread(2, user_id=row_id(USER, 2)),
        unread(3, phone_number=number_of(3)),
    )
    insert_rows(world, *messages({name: given for name, (given, _) in CAME.items()}))
    people, lease = [row_id(USER, place) for place in (0, 2, 3)], world.now + 2 * MINUTE
    released = run(world, "release_after_classification", user_ids=people, lease_until=lease)
    assert sorted(released) == [
        (row_id(MESSAGE, place), row_id(USER, 0), status)
        for place, (_, (status, due)) in enumerate(CAME.values())
        if due == ZERO
    ]
    found = world.all("SELECT status, scheduled_for - %s FROM message_queue ORDER BY id", world.now)
    assert dict(zip(CAME, found, strict=True)) == {name: after for name, (_, after) in CAME.items()}
    leased = world.all("SELECT id FROM message_queue WHERE lease_until = %s", lease)
    assert {message.int & 0xFFFF for (message,) in leased} == {0, 1, 3}


# What is given up, put back and asked about ------------------------------------------------------------------------------


def test_messages_go_back_or_are_given_up_only_before_they_are_reserved(world: World) -> None:
    cases: dict[str, dict[str, object]] = {
        "approved": HELD, "queued": {}, "sending": {**HELD, "status": "sending"}, "sent": SENT, "not asked about": HELD,
    }  # fmt: skip
    insert_rows(world, person(0), *messages(cases))
    ids, before = [row_id(MESSAGE, place) for place in range(4)], states(world, cases)
    with world.connection.transaction(force_rollback=True):
        execute(world, "release_messages", message_ids=ids)
        assert states(world, cases) == {**before, "approved": waits()}
    execute(world, "mark_unknown_outcomes", message_ids=ids)
    ended = waits(status="failed", reason="unknown_outcome")
    assert states(world, cases) == {**before, "approved": ended, "queued": ended}
    told = ("failed", "unknown_outcome", None)
    assert timeline(world, cases) == {"approved": told, "queued": told}


OPEN: dict[str, tuple[dict[str, object], dict[str, object], bool]] = {
    "without an outcome": ({}, {}, True),
    "Twilio did not answer, earlier": ({}, {"outcome": "unknown", "started_at": -2 * HOUR}, True),
    "accepted": ({}, {"outcome": "accepted"}, False),
    "begun a moment ago": ({}, {"started_at": -MINUTE}, False),
    "approved again": ({"status": "approved"}, {"outcome": "unknown"}, False),
    "given up": ({"status": "failed", "lease_until": None}, {"outcome": "unknown"}, False),
    "its worker is gone": ({"lease_until": ZERO}, {}, False),
    "of another sender": ({"accepted_at": None}, {}, False),
    "without words": ({"final_message": None}, {}, False),
}


def test_attempts_that_twilio_can_be_asked_about_are_read_oldest_first(world: World) -> None:
    sending: dict[str, object] = {"status": "sending", "lease_until": SECOND, "final_message": "Hi"}
    insert_rows(world, person(0), *messages({name: {**sending, **given} for name, (given, _, _) in OPEN.items()}))
    for place, (_, attempt, _) in enumerate(OPEN.values()):
        own = {"id": row_id(OTHER, place), "message_id": row_id(MESSAGE, place), "phone_number": number_of(place)}
        insert_rows(world, text(row_id(USER, 0), HOUR, **{"outcome": None, **own, **attempt}))
    found = read_open_attempts(world.connection, world.now - MINUTE, world.now, 10)
    assert [(row.attempt_id, row.phone_number, row.words, row.started_at - world.now) for row in found] == [
        (row_id(OTHER, 1), number_of(1), "Hi", -2 * HOUR), (row_id(OTHER, 0), number_of(0), "Hi", -HOUR),
    ]  # fmt: skip
    assert read_open_attempts(world.connection, world.now - MINUTE, world.now, 1) == found[:1]
    world.connection.execute("DELETE FROM orchestrator.attempts")


@pytest.mark.parametrize("statement", ["release_after_classification", "claim_probe"])
def test_a_message_that_ends_at_the_same_moment_stays_ended(world: World, database_url: str, statement: str) -> None:
    insert_rows(world, person(0), waiting(0, 0, **UNREAD) if statement.startswith("release") else waiting(0, 0))
    insert_rows(world, provider(probe_at=ZERO))
    given = parameters(world, user_ids=[row_id(USER, 0)])
    with open_transaction(database_url) as other:
        other.execute("UPDATE message_queue SET status = 'cancelled', reason = 'withdrawn'")
        assert run_after(world, database_url, other, statement, given) == []
    assert world.all("SELECT status, reason, lease_until FROM message_queue") == [("cancelled", "withdrawn", None)]
