"""Between decision and reservation: what happens while Claude writes the words is obeyed in the reserving statement (G1).

Each story begins with a message that may go. While its words are written, something happens, and the reserving statement
must see it: the rules have decided already.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator.number_hash import number_hash
from orchestrator.store.pauses import pause
from orchestrator.store.people import change_user
from orchestrator_local.stand_ins.http import HttpAnswer
from tests.world import World

ADA, BEN, NEW = "+12125550101", "+12125550102", "+12125550111"
# What Claude puts into words. `topic` is what a withdrawal may name.
STRUCTURED = {"type": "solution_update", "matched_innovators": [{"name": "Acme Corp"}]}

Meanwhile = Callable[[World, UUID], object]


def while_claude_writes(world: World, happens: Callable[[], object]) -> None:
    """Let something happen before Claude answers for the first time."""

    def hold_the_answer(_request: object) -> None:
        world.claude.misbehave = None
        happens()

    world.claude.misbehave = hold_the_answer


def withdraw(world: World, **what: object) -> None:
    assert world.publish({"action": "withdraw", **{name: str(value) for name, value in what.items()}}) == {
        "batchItemFailures": []
    }


def free_words_that_claude_cannot_read(world: World, _message_id: UUID) -> None:
    world.claude.misbehave = lambda _request: HttpAnswer(529, {"type": "error", "error": {"type": "overloaded_error"}})
    assert world.twilio_calls(world.phones.write(ADA, "Hm", "https://hooks.example.com/twilio/inbound")) == [200]
    world.take_in()


def another_worker_takes_it(world: World, message_id: UUID) -> None:
    world.connection.execute("UPDATE message_queue SET status = 'sending' WHERE id = %s", (message_id,))


def another_person_is_forgotten(world: World, _message_id: UUID) -> None:
    """The number's opt-out is known by its hash alone."""
    world.connection.execute(
        "INSERT INTO orchestrator.forgotten_opt_outs (number_hash, opted_out_at) VALUES (%s, %s)",
        (number_hash(ADA, world.functions["deliver"].settings.privacy_key), world.now),
    )


CANCELLED, PAUSED = ("cancelled", "opted_out"), ("queued", "paused")


@pytest.mark.parametrize(
    ("meanwhile", "state"),
    [
        pytest.param(lambda world, _: world.writes("STOP"), CANCELLED, id="she says STOP"),
        pytest.param(lambda world, _: world.opts_out(ADA), CANCELLED, id="her number is opted out"),
        pytest.param(
            lambda world, _: world.opts_out("+12125550108", _user(world)), CANCELLED, id="she is, on another number"
        ),
        pytest.param(another_person_is_forgotten, CANCELLED, id="her number is a forgotten person's"),
        pytest.param(lambda world, _: _pause(world, "everything"), PAUSED, id="everything is paused"),
        pytest.param(lambda world, _: _pause(world, "lane", "high"), PAUSED, id="her lane is paused"),
        pytest.param(lambda world, _: _pause(world, "agent", "concierge"), PAUSED, id="its agent is paused"),
        pytest.param(lambda world, _: _pause(world, "user", str(_user(world))), PAUSED, id="she is paused"),
        pytest.param(
            lambda world, message_id: withdraw(world, message_id=message_id), ("cancelled", "withdrawn"), id="withdrawn"
        ),
        pytest.param(
            lambda world, _: withdraw(world, user_id="ada", topic="match"),
            ("cancelled", "withdrawn"),
            id="its topic is withdrawn",
        ),
        pytest.param(
            lambda world, _: world.travel_to("2026-03-03T21:00:00-05:00"),
            ("queued", "quiet_hours"),
            id="quiet hours begin",
        ),
        pytest.param(lambda world, _: world.wait(minutes=20), ("expired", "expired"), id="it expires"),
        pytest.param(
            free_words_that_claude_cannot_read, ("queued", "reply_unjudged"), id="she writes what nobody reads"
        ),
        pytest.param(another_worker_takes_it, ("sending", None), id="another worker takes it"),
    ],
)
@pytest.mark.parametrize("past", [False, True], ids=["new person", "person with a past"])
def test_what_happens_while_claude_writes_is_obeyed(
    world: World, past: bool, meanwhile: Meanwhile, state: tuple[str, str | None]
) -> None:
    world.travel_to("2026-03-03T20:50:00-05:00")
    if past:
        world.person_with_a_past()
    else:
        world.person()
    expiry: dict[str, Any] = {"expires_at": world.now + timedelta(minutes=20)} if state[0] == "expired" else {}
    message_id = world.message(message_data=STRUCTURED, topic="match", **expiry)
    while_claude_writes(world, lambda: meanwhile(world, message_id))
    attempts = world.all("SELECT count(*) FROM orchestrator.attempts")
    slots = world.all("SELECT user_id, date, messages_sent FROM user_message_budget ORDER BY 1, 2")
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], state)
    assert world.all("SELECT count(*) FROM orchestrator.attempts") == attempts
    assert world.all("SELECT user_id, date, messages_sent FROM user_message_budget ORDER BY 1, 2") == slots


def test_what_stops_one_message_of_a_wave_stops_no_other(world: World) -> None:
    world.person_with_a_past()
    world.person("ben", phone=BEN)
    world.person("cem", phone="+12125550103")
    messages = [world.message(user, message_data=STRUCTURED) for user in ("ada", "ben", "cem")]
    while_claude_writes(world, lambda: world.writes("STOP"))
    world.minute()
    assert [world.state(message_id)[0] for message_id in messages] == ["cancelled", "sent", "sent"]
    assert (world.texts(ADA), len(world.texts(BEN))) == ([], 1)


def test_a_number_that_changes_while_claude_writes_gets_the_text_and_the_old_one_does_not(world: World) -> None:
    world.person_with_a_past()
    message_id = world.message(message_data=STRUCTURED)
    while_claude_writes(world, lambda: change_user(world.connection, "ada", {"phone_number": NEW}, world.now))
    world.minute()
    assert world.state(message_id) == ("sent", None)
    assert (len(world.texts(ADA)), len(world.texts(NEW))) == (0, 1)
    ((conversation,),) = world.all(
        "SELECT c.phone_number FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE m.direction = 'outbound' AND m.created_at = %s",
        world.now,
    )
    assert conversation == NEW


def test_an_opt_out_of_the_old_number_while_claude_writes_stops_the_text_to_the_new_one(world: World) -> None:
    """She moved, and said STOP on the old phone before: her opt-out names her, and an old number."""
    ada = world.person_with_a_past()
    change_user(world.connection, "ada", {"phone_number": NEW}, world.now)
    message_id = world.message(message_data=STRUCTURED)
    while_claude_writes(world, lambda: world.opts_out(ADA, ada))
    world.minute()
    assert (world.texts(ADA), world.texts(NEW), world.state(message_id)) == ([], [], CANCELLED)


@pytest.mark.parametrize(("limit", "reason"), [("daily_limit", "daily_limit"), ("hourly_limit", "hourly_limit")])
def test_a_slot_that_another_worker_takes_while_claude_writes_is_gone(world: World, limit: str, reason: str) -> None:
    limits: dict[str, Any] = {"daily_limit": 10, "hourly_limit": 10, limit: 1}
    ada = world.person(**limits)
    message_id = world.message(message_data=STRUCTURED, priority="urgent" if limit == "daily_limit" else "high")

    def another_text_goes() -> None:
        world.connection.execute(
            "UPDATE user_message_budget SET messages_sent = 1 WHERE user_id = %s AND date = '2026-03-03'", (ada,)
        )
        world.connection.execute(
            "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint,"
            " local_date, holds_slot, started_at, outcome) VALUES (gen_random_uuid(), gen_random_uuid(), %s,"
            " gen_random_uuid(), %s, '', '2026-03-03', true, %s, 'accepted')",
            (ada, ADA, world.now),
        )

    while_claude_writes(world, another_text_goes)
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("queued", reason))


def test_the_reservation_finds_the_newest_open_conversation_of_the_number(world: World) -> None:
    world.person_with_a_past()
    expected = world.all(
        "SELECT id FROM conversations WHERE phone_number = %s AND status = 'active' ORDER BY created_at DESC LIMIT 1",
        ADA,
    )
    message_id = world.message()
    world.minute()
    found = world.all("SELECT conversation_id FROM orchestrator.attempts WHERE message_id = %s", message_id)
    assert found == expected
    assert world.all("SELECT count(*) FROM conversations WHERE phone_number = %s", ADA) == [(2,)]


@pytest.mark.parametrize("why", ["closed", "of another number"])
def test_a_conversation_that_does_not_fit_any_more_is_not_gone_on_with(world: World, why: str) -> None:
    ada = world.person_with_a_past()
    (named,) = world.all("SELECT id FROM conversations WHERE phone_number = %s ORDER BY created_at LIMIT 1", ADA)[0]
    message_id = world.message(conversation_context_id=str(named))
    change = {
        "closed": "UPDATE conversations SET status = 'closed' WHERE id = %s",
        "of another number": "UPDATE conversations SET phone_number = '+12125550109' WHERE id = %s",
    }[why]
    world.connection.execute(change, (named,))
    world.minute()
    ((used, owner, phone),) = world.all(
        "SELECT c.id, c.user_id, c.phone_number FROM orchestrator.attempts a JOIN conversations c ON c.id = a.conversation_id"
        " WHERE a.message_id = %s",
        message_id,
    )
    assert (used != named, owner, phone) == (True, ada, ADA)


def test_the_message_names_an_open_conversation_and_it_is_gone_on_with(world: World) -> None:
    world.person_with_a_past()
    (older,) = world.all("SELECT id FROM conversations WHERE phone_number = %s ORDER BY created_at LIMIT 1", ADA)[0]
    message_id = world.message(conversation_context_id=str(older))
    world.minute()
    assert world.all("SELECT conversation_id FROM orchestrator.attempts WHERE message_id = %s", message_id) == [
        (older,)
    ]


def test_the_slot_is_taken_in_the_row_of_the_day_and_older_rows_stay(world: World) -> None:
    ada = world.person_with_a_past()
    before = dict(world.all("SELECT date, messages_sent FROM user_message_budget WHERE user_id = %s", ada))
    world.message()
    world.minute()
    after = dict(world.all("SELECT date, messages_sent FROM user_message_budget WHERE user_id = %s", ada))
    today = world.now.date()
    assert after == {**before, today: before[today] + 1}
    assert world.all(
        "SELECT daily_limit, hourly_limit, quiet_hours_enabled, last_message_at FROM user_message_budget"
        " WHERE user_id = %s AND date = %s",
        ada,
        today,
    ) == [(10, 2, True, world.now)]


def test_a_new_days_row_inherits_the_limits_of_the_newest_row(world: World) -> None:
    ada = world.person_with_a_past()
    world.wait(days=1)
    world.message()
    world.minute()
    assert world.all(
        "SELECT messages_sent, daily_limit, hourly_limit, quiet_hours_enabled FROM user_message_budget"
        " WHERE user_id = %s AND date = %s",
        ada,
        world.now.date(),
    ) == [(1, 10, 2, True)]


def test_of_two_that_come_forward_at_once_only_as_many_go_as_one_inbound_message_lets_through(world: World) -> None:
    """Three texts went already on her message; a fourth that was decided before the third was reserved loses its place."""
    world.travel_to("2026-03-03T22:00:00-05:00")
    ada = world.person()
    held = [world.message(message_data={**STRUCTURED, "number": number}) for number in range(4)]
    world.minute()
    world.says(ada, "Tell me more")
    world.wait(seconds=5)
    world.minute()
    assert sorted(world.state(message_id)[0] for message_id in held) == ["queued", "sent", "sent", "sent"]


def _user(world: World) -> UUID:
    ((user_id,),) = world.all("SELECT id FROM users WHERE external_id = 'ada'")
    return UUID(str(user_id))


def _pause(world: World, scope: str, value: str = "") -> None:
    pause(world.connection, scope, value, None, world.now)
