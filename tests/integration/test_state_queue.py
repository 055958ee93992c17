"""Statements that change waiting messages: exactly the rows that each of them takes, beside rows that it almost takes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from orchestrator.store.database import sql
from tests.rows_by_name import differing, id_of, name_of, number_of, put, rows_by_name
from tests.state_cases import HOUR, MINUTE, NOW, SECOND, USUAL
from tests.world import World

LEASE = NOW + 10 * MINUTE
# Messages by name: the columns that are not as usual, and those that the statement changes.
Messages = Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
# What may change.
TRACKED: dict[str, Any] = {
    "status": "queued",
    "reason": None,
    "lease_until": None,
    "scheduled_for": NOW - MINUTE,
    "superseded_by_message_id": None,
    "superseded_reason": None,
    "best_at": None,
    "can_delay": None,
    "priority": "high",
}
ADA, BEN, CEM = "ada", "ben", "cem"


def put_messages(world: World, messages: Messages) -> None:
    """Insert messages of three people, and of others that they name; `ben` has the number of `ada`, too."""
    spelled = ("+12125550101", "(212) 555-0101", "+12125550103")
    people = [
        {"id": id_of(name), "phone_number": number} for name, number in zip((ADA, BEN, CEM), spelled, strict=True)
    ]
    others = {own["user_id"] for own, _ in messages.values() if "user_id" in own} - {person["id"] for person in people}
    people += [{"id": user_id, "phone_number": number_of(100 + place)} for place, user_id in enumerate(others)]
    put(world.connection, "users", people)
    usual = USUAL["message_queue"] | {"user_id": id_of(ADA), "topic": None}
    put(
        world.connection,
        "message_queue",
        [usual | {"id": id_of(name), "lease_until": lease(own)} | {**own} for name, (own, _) in messages.items()],
    )


def lease(own: Mapping[str, Any]) -> datetime | None:
    """Until when a worker has a message before the statement."""
    return LEASE if own.get("status") in ("approved", "sending") else None


def wrong_messages(world: World, messages: Messages) -> dict[str, object]:
    """The messages that are not as they should be afterwards."""
    found = rows_by_name(world.connection, f"SELECT id, {', '.join(TRACKED)} FROM message_queue")
    expected = {
        name: TRACKED | {"lease_until": lease(own)} | {key: own[key] for key in own.keys() & TRACKED.keys()} | {**after}
        for name, (own, after) in messages.items()
    }
    return {**differing(found, expected)}


def entries(world: World) -> dict[str, tuple[object, ...]]:
    """The entries of the timeline, by message."""
    rows = world.all("SELECT message_id, at, status, reason, until FROM orchestrator.timeline")
    assert len({row[0] for row in rows}) == len(rows), "two entries of one message"
    return {name_of(message_id): tuple(row) for message_id, *row in rows}


# A newer message, or one that names it ------------------------------------------------------------------------------------


def superseded(by: str, why: str = "A newer message of the same topic took its place") -> dict[str, Any]:
    return {
        "status": "superseded",
        "reason": "superseded",
        "lease_until": None,
        "superseded_by_message_id": by,
        "superseded_reason": why,
    }


def replaced(by: str) -> dict[str, Any]:
    return superseded(by, "Another message names it as the one that it replaces")


def of(sequence: str, position: int, **columns: object) -> dict[str, object]:
    return {"sequence_id": id_of(sequence), "sequence_position": position, **columns}


OLD, NEW = {"topic": "news", "published_at": NOW - HOUR}, {"topic": "news", "published_at": NOW}
HIGHER_ID = max(("newest of two", "second newest of two"), key=id_of)
SUPERSEDED: Messages = {
    "older": (OLD, superseded("newest")),
    "older, approved": ({**OLD, "status": "approved", "reason": "x"}, superseded("newest")),
    "newer, superseded too": ({**NEW, "published_at": NOW - SECOND}, superseded("newest")),
    "newest": (NEW, {}),
    "older, sending": ({**OLD, "status": "sending"}, {}),
    "older, sent": ({**OLD, "status": "sent"}, {}),
    "older, not accepted": ({**OLD, "accepted_at": None}, {}),
    "older, of a topic without news": ({**OLD, "topic": "other"}, {}),
    "newer, of a topic without news": ({**NEW, "topic": "other"}, {}),
    "older, without a topic": ({**OLD, "topic": None}, {}),
    "older, of another": ({**OLD, "user_id": id_of(CEM)}, {}),
    "newer, of another": ({**NEW, "user_id": id_of(CEM)}, {}),
    "older of two": ({**OLD, "user_id": id_of(BEN)}, superseded(HIGHER_ID)),
    "newest of two": ({**NEW, "user_id": id_of(BEN), "status": "sending"}, {}),
    "second newest of two": ({**NEW, "user_id": id_of(BEN), "status": "sending"}, {}),
    "named by one of the batch": ({}, replaced("names another")),
    "names another": ({"supersedes_message_id": id_of("named by one of the batch")}, {}),
    "named by one not of the batch": ({}, {}),
    "names another, not of the batch": ({"supersedes_message_id": id_of("named by one not of the batch")}, {}),
    "named by an earlier part": ({}, replaced("earlier part")),
    "earlier part": (of("sequence", 1, supersedes_message_id=id_of("named by an earlier part")), {}),
    "part of the batch": (of("sequence", 2), {}),
    "named by an earlier part that is not accepted": ({}, {}),
    "part that is not accepted": (
        of(
            "sequence",
            3,
            accepted_at=None,
            supersedes_message_id=id_of("named by an earlier part that is not accepted"),
        ),
        {},
    ),
    "named by a part not of the batch": ({}, {}),
    "part that names, not of the batch": (
        of("another sequence", 1, supersedes_message_id=id_of("named by a part not of the batch")),
        {},
    ),
    "of the batch, named before": ({}, replaced("named it before")),
    "named it before": ({"supersedes_message_id": id_of("of the batch, named before")}, {}),
    "first of two parts": (of("whole", 1), replaced("names a part")),
    "second of two parts": (of("whole", 2, status="approved"), replaced("names a part")),
    "third part, sent": (of("whole", 3, status="sent"), {}),
    "fourth part, not accepted": (of("whole", 4, accepted_at=None), {}),
    "names a part": ({"supersedes_message_id": id_of("first of two parts"), "status": "sent"}, {}),
    "named, not accepted": ({"accepted_at": None, **of("another whole", 1)}, {}),
    "part beside one that is not accepted": (of("another whole", 2), {}),
    "names one not accepted": ({"supersedes_message_id": id_of("named, not accepted")}, {}),
}


def test_which_messages_are_superseded(world: World) -> None:
    put_messages(world, SUPERSEDED)
    related = ("names another", "part of the batch", "names a part", "names one not accepted")
    world.connection.execute(
        sql("supersede_messages"),
        {
            "user_id": [id_of(ADA), id_of(ADA), id_of(BEN), id_of(CEM)],
            "topic": ["news", "news", "news", "weather"],
            "message_ids": [id_of("of the batch, named before"), id_of("newest")],
            "related_ids": [id_of(name) for name in related],
            "now": NOW,
        },
    )
    assert wrong_messages(world, SUPERSEDED) == {}
    ended = [name for name, (_, after) in SUPERSEDED.items() if after]
    assert entries(world) == dict.fromkeys(ended, (NOW, "superseded", "superseded", None))


# The replies to a person ---------------------------------------------------------------------------------------------------


LAST = {"published_at": NOW}
GOES: dict[str, Any] = {"status": "approved", "reason": None, "scheduled_for": NOW, "lease_until": LEASE + MINUTE}
LATER = {"scheduled_for": NOW + HOUR}
LOWER_ID = min(("first", "second"), key=lambda which: id_of(f"both came at once: {which}"))
# The first of two replies of a person, and which of the two goes. Both wait for their turn unless something else is said.
FIRST_REPLIES: dict[str, tuple[dict[str, Any], str | None]] = {
    "both are due": ({}, "first"),
    "both came at once": ({"published_at": NOW}, LOWER_ID),
    "the first one is approved": ({"status": "approved"}, None),
    "the first one is being sent": ({"status": "sending", "reason": None}, None),
    "the first one was sent, with what outcome is not known": (
        {"status": "sending", "reason": "unknown_outcome"},
        "second",
    ),
    "the first one was sent": ({"status": "sent"}, "second"),
    "the first one is not accepted": ({"accepted_at": None}, "second"),
    "the first one is no reply": ({"is_reply": None}, "second"),
    "a rule holds the first one": ({"reason": "quiet_hours", **LATER}, "second"),
    "a rule held the first one until now": ({"reason": "quiet_hours", "scheduled_for": NOW}, "first"),
    "it is the turn of the first one": (LATER, "first"),
    "the first one is due soon, after provider_busy": ({"reason": "provider_busy", **LATER}, None),
    "the first one is due soon, after provider_unreachable": ({"reason": "provider_unreachable", **LATER}, None),
    "the first one is due soon, after provider_configuration": ({"reason": "provider_configuration", **LATER}, None),
    "the first one is due soon, after inbound_unread": ({"reason": "inbound_unread", **LATER}, None),
    "the person is paused": ({}, None),
    "not asked for": ({}, "first"),
}


@pytest.mark.parametrize("all_people", [False, True])
def test_which_replies_go(world: World, all_people: bool) -> None:
    usual = {"is_reply": True, "reason": "reply_order", "scheduled_for": NOW + MINUTE, "published_at": NOW - MINUTE}
    messages: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for name, (first, goes) in FIRST_REPLIES.items():
        is_asked_for = all_people or name != "not asked for"
        for which, own in (("first", first), ("second", LAST)):
            after = GOES if which == goes and is_asked_for else {}
            messages[f"{name}: {which}"] = ({**usual, "user_id": id_of(name), **own}, after)
    put_messages(world, messages)
    paused = {"scope": "user", "value": id_of("the person is paused"), "paused_at": NOW}
    put(world.connection, "orchestrator.pauses", [paused])
    asked = [id_of(name) for name in FIRST_REPLIES if name != "not asked for"]
    given = {"user_ids": None if all_people else asked, "now": NOW, "lease_until": LEASE + MINUTE}
    rows = world.connection.execute(sql("approve_replies"), given).fetchall()
    assert wrong_messages(world, messages) == {}
    gone = {name: name_of(own["user_id"]) for name, (own, after) in messages.items() if after}
    assert sorted((name_of(message_id), name_of(user_id)) for message_id, user_id in rows) == sorted(gone.items())


# The parts of a sequence, and what an operator does -------------------------------------------------------------------------

NEXT = {"status": "approved", "reason": None, "lease_until": LEASE + MINUTE}
PARTS: Messages = {
    "sent": (of("s", 1, status="sent"), {}),
    "next": (of("s", 2, reason="sequence_order"), NEXT),
    "after the next": (of("s", 3), {}),
    "sent, not asked for": (of("t", 1, status="sent"), {}),
    "next, not asked for": (of("t", 2), {}),
    "not sent": (of("u", 1), {}),
    "next to one not sent": (of("u", 2), {}),
    "sent, and what follows is cancelled": (of("v", 1, status="sent"), {}),
    "cancelled": (of("v", 2, status="cancelled"), {}),
    "sent, and what follows is not accepted": (of("w", 1, status="sent"), {}),
    "not accepted": (of("w", 2, accepted_at=None), {}),
    "sent as the second": (of("x", 2, status="sent"), {}),
    "first of another one": (of("x", 1), {}),
}


def test_which_parts_come_next(world: World) -> None:
    put_messages(world, PARTS)
    asked = [id_of(name) for name in PARTS if name != "sent, not asked for"]
    given = {"message_ids": asked, "lease_until": LEASE + MINUTE}
    rows = world.connection.execute(sql("approve_next_parts"), given).fetchall()
    assert wrong_messages(world, PARTS) == {}
    assert rows == [(id_of("next"), id_of(ADA))]


CANCELLED = {"status": "cancelled", "lease_until": None}
WITHDRAWN = {**CANCELLED, "reason": "withdrawn"}
TO_CANCEL: Messages = {
    "queued": ({"reason": "quiet_hours"}, WITHDRAWN),
    "approved": ({"status": "approved"}, WITHDRAWN),
    "sending": ({"status": "sending"}, {}),
    "not accepted": ({"accepted_at": None}, {}),
    "not named": ({}, {}),
    "first part, not named": (of("s", 1), WITHDRAWN),
    "second part": (of("s", 2), WITHDRAWN),
    "third part, sent": (of("s", 3, status="sent"), {}),
    "fourth part, not accepted": (of("s", 4, accepted_at=None), {}),
    "part of another": (of("t", 1), {}),
}


def test_what_an_operator_cancels(world: World) -> None:
    put_messages(world, TO_CANCEL)
    named = [id_of(name) for name in ("queued", "approved", "sending", "not accepted", "second part")]
    rows = world.connection.execute(sql("cancel_by_operator"), {"message_ids": named, "now": NOW}).fetchall()
    assert wrong_messages(world, TO_CANCEL) == {}
    gone = [name for name, (_, after) in TO_CANCEL.items() if after]
    assert {name_of(row[0]) for row in rows} == set(gone)
    assert entries(world) == dict.fromkeys(gone, (NOW, "cancelled", "withdrawn", None))


TO_WITHDRAW: Messages = {
    "named": ({}, WITHDRAWN),
    "named, approved": ({"status": "approved"}, WITHDRAWN),
    "named, sending": ({"status": "sending"}, {}),
    "named, not accepted": ({"accepted_at": None}, {}),
    "named, and not withdrawn": ({}, {}),
    "withdrawn, and not named": ({}, {}),
    "of the topic": ({"topic": "news", "published_at": NOW}, WITHDRAWN),
    "of the topic, published later": ({"topic": "news", "published_at": NOW + SECOND}, {}),
    "of the topic, for another": ({"topic": "news", "user_id": id_of(BEN)}, {}),
    "of another topic": ({"topic": "weather"}, {}),
}


def test_what_a_publisher_withdraws(world: World) -> None:
    put_messages(world, TO_WITHDRAW)
    withdrawn = [name for name in TO_WITHDRAW if "named" in name and name != "named, and not withdrawn"]
    usual = {"publisher": "acme", "withdrawn_at": NOW}
    put(world.connection, "orchestrator.withdrawals", [{"message_id": id_of(name), **usual} for name in withdrawn])
    topics = [(ADA, "news"), (BEN, "news"), (ADA, "weather")]
    put(
        world.connection,
        "orchestrator.topic_withdrawals",
        [{"user_id": id_of(user), "topic": topic, **usual} for user, topic in topics],
    )
    named = [id_of(name) for name in TO_WITHDRAW if name.startswith("named")]
    given = {"message_ids": named, "user_ids": [id_of(ADA)], "topics": ["news"], "now": NOW}
    world.connection.execute(sql("cancel_withdrawn_messages"), given)
    assert wrong_messages(world, TO_WITHDRAW) == {}
    gone = [name for name, (_, after) in TO_WITHDRAW.items() if after]
    assert entries(world) == dict.fromkeys(gone, (NOW, "cancelled", "withdrawn", None))


OPTED_OUT = {**CANCELLED, "reason": "opted_out"}
OF_A_STOP: Messages = {
    "accepted with the STOP": ({"accepted_at": NOW}, OPTED_OUT),
    "accepted before, approved": ({"status": "approved"}, OPTED_OUT),
    "accepted before, sending": ({"status": "sending"}, {}),
    "not accepted": ({"accepted_at": None}, {}),
    "accepted after the STOP": ({"accepted_at": NOW + SECOND}, {}),
    "of one who shares the phone": ({"user_id": id_of(BEN)}, OPTED_OUT),
    "of one who shares the phone and is opted out": ({"user_id": id_of(BEN), "accepted_at": NOW + SECOND}, OPTED_OUT),
    "not accepted, of one who is opted out": ({"user_id": id_of(BEN), "accepted_at": None}, {}),
    "of another": ({"user_id": id_of(CEM)}, {}),
}


def test_what_a_stop_cancels(world: World) -> None:
    put_messages(world, OF_A_STOP)
    opt_out = {"phone_number": number_of(99), "user_id": id_of(BEN), "source": "x", "opted_out_at": NOW}
    put(world.connection, "orchestrator.opt_outs", [opt_out, {**opt_out, "user_id": id_of(ADA), "ended_at": NOW}])
    given = {"phone_number": [number_of(1), number_of(98)], "at": [NOW, NOW], "now": NOW}
    gone = [name for name, (_, after) in OF_A_STOP.items() if after]
    assert world.connection.execute(sql("cancel_for_opt_outs"), given).fetchall() == [(len(gone),)]
    assert wrong_messages(world, OF_A_STOP) == {}
    assert entries(world) == dict.fromkeys(gone, (NOW, "cancelled", "opted_out", None))


BEST = {"reason": "best_time", "best_at": NOW + HOUR, "scheduled_for": NOW + HOUR, "priority": "medium"}
DUE = {"reason": None, "best_at": None, "scheduled_for": NOW, "can_delay": False}
TO_RELEASE: Messages = {
    "named": (of("s", 1, **BEST, not_before=NOW), DUE),
    "second part, scheduled": (
        of("s", 2, **BEST, not_before=NOW + MINUTE),
        {**DUE, "scheduled_for": NOW + MINUTE, "reason": "scheduled"},
    ),
    "third part, approved": (of("s", 3, **BEST, status="approved"), {}),
    "fourth part, held by a rule": (of("s", 4, **BEST | {"reason": "quiet_hours"}), {}),
    "fifth part, not accepted": (of("s", 5, **BEST, accepted_at=None), {}),
    "not named": (BEST, {}),
    "not accepted": ({**BEST, "accepted_at": None}, {}),
    "part of another": (of("t", 1, **BEST), {}),
}


@pytest.mark.parametrize("at_once", [False, True])
def test_what_an_operator_releases(world: World, at_once: bool) -> None:
    after = {"priority": "high"} if at_once else {}
    messages = {name: (own, {**end, **after} if end else {}) for name, (own, end) in TO_RELEASE.items()}
    put_messages(world, messages)
    given = {"message_id": id_of("named"), "at_once": at_once, "now": NOW}
    rows = world.connection.execute(sql("release_by_operator"), given).fetchall()
    not_accepted = {**given, "message_id": id_of("not accepted")}
    assert world.connection.execute(sql("release_by_operator"), not_accepted).fetchall() == []
    assert wrong_messages(world, messages) == {}
    assert {name_of(name): at for name, at in rows} == {"named": NOW, "second part, scheduled": NOW + MINUTE}
