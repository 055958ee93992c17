"""Chosen cases of the table, through the real handlers on a real database."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from orchestrator.store.pauses import pause
from tests.cases import TableCase, read_cases, wall, zone_of
from tests.world import World

CASES = {case.situation: case for case in read_cases("verdicts.txt")}
CHOSEN = [
    "a high message in the afternoon",
    "the first quiet minute",
    "the last quiet minute",
    "the end itself is open",
    "minutes count, first quiet one",
    "a window that does not cross midnight, in it",
    "equal start and end means none",
    "quiet hours turned off",
    "in Los Angeles",
    "in Kathmandu, three quarters of an hour off",
    "the night that is an hour short",
    "a zone that does not exist counts as none",
    "a toll-free number lies nowhere",
    "a number of several zones: still early in the west",
    "urgent that cannot wait, at night",
    "urgent that cannot wait, with the hour full",
    "urgent that cannot wait, with the day full",
    "the reserved slot is free for high",
    "the reserved slot is not for medium",
    "the tenth of the day",
    "the eleventh of the day",
    "her own limit",
    "a limit below zero",
    "yesterday does not count",
    "the third in an hour",
    "it falls below exactly after 60 minutes",
    "it frees in quiet hours",
    "she wrote 2 minutes ago, at night",
    "ten minutes are over",
    "active with everything full at night",
    "a fourth text on one message",
    "not before its own time",
    "its expiry has come",
    "withdrawn",
    "opted out",
    "paused",
    "she wrote before it was queued",
    "nobody asked for fresh context",
]


@pytest.mark.parametrize("situation", CHOSEN)
def test_the_handlers_say_what_the_table_says(world: World, situation: str) -> None:
    case = CASES[situation]
    user_id = _person(world, case)
    world.travel_to(case.message.accepted_at)
    message_id = world.message(**_fields(case))
    _history(world, case, user_id)
    world.travel_to(case.now)
    if case.paused:
        world.dispatch()
        pause(world.connection, "everything", "", None, world.now)
    if case.message.withdrawn:
        world.dispatch()
        world.publish({"action": "withdraw", "message_id": str(message_id)})
    # Due at this very moment, so that nothing but the verdict decides; its own time it keeps anyway.
    world.connection.execute(
        "UPDATE message_queue SET scheduled_for = %s WHERE id = %s AND status = 'queued'", (world.now, message_id)
    )
    world.minute()
    assert _told(world, case, message_id) == case.expected


def _person(world: World, case: TableCase) -> UUID:
    person = case.person
    columns: dict[str, Any] = {
        "phone": person.phone_number,
        "timezone": person.timezone,
        "quiet_hours_start": person.quiet_hours_start,
        "quiet_hours_end": person.quiet_hours_end,
        "quiet_hours_enabled": person.quiet_hours_enabled,
        "daily_limit": person.daily_limit,
        "hourly_limit": person.hourly_limit,
    }
    return world.person(**columns)


def _fields(case: TableCase) -> dict[str, Any]:
    message = case.message
    fields: dict[str, Any] = {
        "agent_id": "system",
        "priority": message.lane,
        "can_delay": message.can_delay,
        "requires_fresh_context": message.requires_fresh_context,
        "expires_at": message.expires_at,
    }
    return {**fields, **({"scheduled_for": message.not_before} if message.not_before else {})}


def _history(world: World, case: TableCase, user_id: UUID) -> None:
    person = case.person
    for day, sent in person.sent_by_day.items():
        if sent:
            world.connection.execute(
                "INSERT INTO user_message_budget (user_id, date, messages_sent, daily_limit, hourly_limit)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (user_id, date) DO UPDATE SET messages_sent = excluded.messages_sent,"
                " daily_limit = excluded.daily_limit, hourly_limit = excluded.hourly_limit",
                (user_id, day, sent, person.daily_limit, person.hourly_limit),
            )
    if person.opted_out:
        world.opts_out(person.phone_number)
    if person.last_inbound_at:
        world.travel_to(person.last_inbound_at)
        world.says(user_id, "Tell me more")
    active = [person.last_inbound_at] * person.texts_while_active
    for sent_at, since in [*((sent, None) for sent in person.recent_sends), *((since, since) for since in active)]:
        world.connection.execute(
            "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint,"
            "                                   local_date, holds_slot, started_at, active_since,"
            "                                   active_texts)"
            " VALUES (%s, %s, %s, %s, %s, '', %s, true, %s, %s, %s)",
            (
                uuid4(),
                uuid4(),
                user_id,
                uuid4(),
                person.phone_number,
                case.now.date(),
                sent_at,
                since,
                int(since is not None),
            ),
        )


def _told(world: World, case: TableCase, message_id: UUID) -> str:
    row = world.row(message_id)
    if row["status"] == "sent":
        ((since,),) = world.all("SELECT active_since FROM orchestrator.attempts WHERE message_id = %s", message_id)
        return "send (active)" if since else "send"
    if row["status"] == "queued":
        return f"hold until {wall(row['scheduled_for'], zone_of(case.person))}: {row['reason']}"
    return f"end as {row['status']}: {row['reason']}"


def test_the_chosen_cases_are_enough() -> None:
    assert len(CHOSEN) >= 30


def test_what_is_held_by_the_hour_is_due_one_after_the_other(world: World) -> None:
    world.person()
    messages = [world.message() for _ in range(6)]
    world.minute()
    states = [world.state(message_id) for message_id in messages]
    assert states[:2] == [("sent", None)] * 2
    assert states[2:] == [("queued", "hourly_limit")] * 4
    due = [world.row(message_id)["scheduled_for"] - world.now for message_id in messages[2:]]
    assert due == [timedelta(hours=1), timedelta(hours=1), timedelta(hours=2), timedelta(hours=2)]


def test_a_person_who_moves_takes_what_is_held_along(world: World) -> None:
    ada = world.person()
    world.travel_to("2026-03-03T22:00:00-05:00")
    message_id = world.message()
    world.minute()
    assert wall(world.row(message_id)["scheduled_for"], ZoneInfo("America/New_York")) == "Wed 08:00"
    world.connection.execute("UPDATE users SET timezone = 'America/Los_Angeles' WHERE id = %s", (ada,))
    world.travel_to("2026-03-04T08:00:00-05:00")
    world.minute()
    assert world.state(message_id) == ("queued", "quiet_hours")
    assert wall(world.row(message_id)["scheduled_for"], ZoneInfo("America/Los_Angeles")) == "Wed 08:00"
    world.travel_to("2026-03-04T08:00:00-08:00")
    world.minute()
    assert world.texts() == ["Hello"]


@pytest.mark.parametrize("expires_at", ["2026-03-03T14:59:59+00:00", "0001-01-01T00:00:00+14:00"])
def test_what_has_expired_when_it_arrives_expires(world: World, expires_at: str) -> None:
    world.person()
    message_id = world.message(expires_at=expires_at)
    world.minute()
    assert (world.state(message_id), world.texts()) == (("expired", "expired"), [])


@pytest.mark.parametrize("scheduled_for", ["1066-10-14T09:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_long_past_says_nothing(world: World, scheduled_for: str) -> None:
    world.person()
    world.message(scheduled_for=scheduled_for, expires_at="9999-12-31T23:59:59-12:00")
    world.minute()
    assert world.texts() == ["Hello"]
