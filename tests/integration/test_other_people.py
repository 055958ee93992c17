"""What happens for one person leaves the rows of every other person as they were, whatever state those are in."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from orchestrator.store.people import change_user
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import Callback, twilio_error
from tests.integration.test_relevance import fresh, says_verdict
from tests.integration.test_replies import reply, row
from tests.world import World, sqs_event, sqs_record

ADA, CEM = "+12125550101", "+12125550131"
# Where a person's rows are, and what ties them to the person.
TABLES = {
    "message_queue": "user_id",
    "messages": "user_id",
    "conversations": "user_id",
    "user_message_budget": "user_id",
    "agent_tasks": "user_id",
    "orchestrator.attempts": "user_id",
    "orchestrator.opt_outs": "user_id",
    "orchestrator.readings": "user_id",
    "orchestrator.events": "user_id",
    "orchestrator.topic_withdrawals": "user_id",
    "orchestrator.numbers": "phone_number",
    "orchestrator.timeline": "message_id",
    "orchestrator.relevance": "message_id",
    "orchestrator.withdrawals": "message_id",
    "users": "id",
}


def bystander(world: World) -> UUID:
    """Cem has a past, and a message in each state in which one can be; all of them have time until tomorrow."""
    cem = world.person_with_a_past("cem", phone=CEM)
    world.writes("Tell me, what is new?", phone=CEM)
    world.wait(minutes=30)
    world.minute()  # the outcome of his last text stays unknown
    tomorrow = world.now + timedelta(days=1)
    for status, reason, lease in (
        ("queued", "quiet_hours", None),
        ("queued", "hourly_limit", None),
        ("queued", "reformulation", None),
        ("queued", "reply_unjudged", None),
        ("queued", "sequence_incomplete", None),
        ("approved", None, tomorrow),
        ("sending", None, tomorrow),
        ("failed", "unknown_outcome", None),
    ):
        message_id = world.message(
            "cem", topic="news", scheduled_for=tomorrow, message_data={"type": "x", "message": f"{status} {reason}"}
        )
        world.connection.execute(
            "UPDATE message_queue SET status = %s, reason = %s, lease_until = %s, topic = %s, final_message = 'words' WHERE id = %s",
            (status, reason, lease, f"{status} {reason}", message_id),
        )
        world.connection.execute(
            "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint,"
            " local_date, holds_slot, started_at, outcome) SELECT gen_random_uuid(), %s, user_id, id, phone_number, '',"
            " '2026-03-03', true, %s, %s FROM conversations WHERE user_id = %s ORDER BY created_at DESC LIMIT 1",
            (message_id, world.now, None if status == "sending" else "unknown", cem),
        )
    world.connection.execute(
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at)"
        " SELECT id, user_id, 'concierge', 'an old row', 'outbound', 'queued', %s FROM conversations WHERE user_id = %s",
        (world.now - timedelta(days=3), cem),
    )
    world.connection.execute(
        "INSERT INTO orchestrator.numbers (phone_number, failures, unreachable_until, changed_at) VALUES (%s, 1, %s, %s)",
        (CEM, world.now, world.now - timedelta(hours=1)),
    )
    world.connection.execute(
        "INSERT INTO agent_tasks (task_type, agent_type, user_id, scheduled_for, status, context_json)"
        " VALUES ('x', 'x', %s, now(), 'pending', '{}')",
        (cem,),
    )
    return cem


def rows_of(world: World, person: UUID) -> list[str]:
    """All rows of a person."""
    found = []
    for table, column in TABLES.items():
        of_person = {
            "user_id": "%(person)s",
            "id": "%(person)s",
            "phone_number": "(SELECT phone_number FROM users WHERE id = %(person)s)",
            "message_id": "ANY (ARRAY(SELECT id FROM message_queue WHERE user_id = %(person)s))",
        }[column]
        query = f"SELECT to_jsonb(t)::text FROM {table} t WHERE t.{column} = {of_person}".encode()
        found += [f"{table}: {text}" for (text,) in world.connection.execute(query, {"person": person}).fetchall()]
    return sorted(found)


def report(world: World, status: str, code: str = "") -> None:
    """Twilio reports a status of the text that it took last."""
    sent = world.phones.callbacks[-1]
    world.phones.callbacks.clear()
    world.twilio_calls(
        Callback(sent.url, {**sent.fields, "MessageStatus": status, **({"ErrorCode": code} if code else {})})
    )
    world.take_in()


# Stories of Ada ------------------------------------------------------------------------------------------------------------


def a_text_is_delivered(world: World, _: UUID) -> None:
    world.message()
    world.minute()
    world.twilio_calls()
    world.take_in()


def a_text_is_not_delivered(world: World, _: UUID) -> None:
    world.message()
    world.minute()
    report(world, "undelivered", "30003")


def a_number_turns_out_dead(world: World, _: UUID) -> None:
    world.message()
    world.minute()
    report(world, "failed", "30005")
    world.message()
    world.minute()


def a_text_is_refused(world: World, _: UUID) -> None:
    world.phones.misbehave = lambda _fields: twilio_error(400, 21211, "no")
    world.message()
    world.minute()


def she_opted_out_at_twilio(world: World, _: UUID) -> None:
    world.phones.misbehave = lambda _fields: twilio_error(400, 21610, "no")
    world.message()
    world.minute()


def stop_and_start(world: World, _: UUID) -> None:
    world.message(scheduled_for=world.now + timedelta(hours=1))
    world.writes("STOP")
    world.wait(minutes=1)
    world.writes("START")


def a_wish_in_free_words(world: World, _: UUID) -> None:
    world.message(scheduled_for=world.now + timedelta(hours=1))
    world.writes("I never want to hear from you people again")


def withdrawals(world: World, _: UUID) -> None:
    one, _two = world.message(topic="news"), world.message(topic="other")
    world.publish(
        {"action": "withdraw", "message_id": str(one)}, {"action": "withdraw", "user_id": "ada", "topic": "other"}
    )


def newer_messages(world: World, _: UUID) -> None:
    one = world.message(topic="queued quiet_hours", scheduled_for=world.now + timedelta(hours=1))
    world.wait(seconds=1)
    two = world.message(topic="queued quiet_hours")
    world.wait(seconds=1)
    world.message(supersedes_message_id=str(two))
    world.minute()
    assert {world.state(one)[0], world.state(two)[0]} == {"superseded"}


def a_sequence(world: World, _: UUID) -> None:
    sequence = str(uuid4())
    for position in (2, 1):
        data = {"type": "x", "message": f"part {position}"}
        world.message(sequence_id=sequence, sequence_position=position, sequence_total=2, message_data=data)
    world.minute()


def an_incomplete_sequence(world: World, _: UUID) -> None:
    world.message(sequence_id=str(uuid4()), sequence_position=1, sequence_total=2)
    world.wait(minutes=16)
    world.minute()


def she_writes_and_what_waits_comes_forward(world: World, _: UUID) -> None:
    world.message(scheduled_for=world.now + timedelta(seconds=1))
    world.message(priority="medium")
    world.writes("Tell me more")
    world.deliver()


def replies(world: World, ada: UUID) -> None:
    world.writes("Tell me more")
    reply(world, "first")
    row(world, ada, "second")
    world.deliver()
    world.minute()


def a_reply_row_that_will_not_go(world: World, ada: UUID) -> None:
    world.writes("Tell me more")
    row(world, ada, "one")
    world.writes("STOP")
    world.minute()
    world.minute()


def a_verdict(world: World, ada: UUID, verdict: str = "STALE", *, reformulate: bool = False) -> None:
    fresh(world)
    world.wait(minutes=1)
    world.says(ada, "hm")
    world.wait(minutes=11)
    world.claude.check_relevance = says_verdict(verdict, reformulate=reformulate)
    world.minute()


def a_reformulation(world: World, ada: UUID) -> None:
    a_verdict(world, ada, "CONTEXTUAL", reformulate=True)


def a_text_that_cannot_be_read_and_then_can(world: World, _: UUID) -> None:
    world.message()
    world.claude.misbehave = lambda _request: HttpAnswer(401, {})
    world.twilio_calls(world.phones.write(ADA, "Hm", "https://hooks.example.com/twilio/inbound"))
    body = world.drain("INBOUND_QUEUE_URL")[0]
    for _step in range(2):
        world.invoke("inbound", sqs_event([sqs_record(body, world.now, queue="inbound")]))
        world.minute()
        world.claude.misbehave = None
    world.deliver()


def a_worker_dies_before_it_sends(world: World, _: UUID) -> None:
    world.message()
    world.dispatch()
    world.drain("DELIVERY_QUEUE_URL")
    world.wait(minutes=16)
    world.minute()


def an_outcome_stays_unknown(world: World, _: UUID) -> None:
    world.phones.misbehave = lambda _fields: HttpAnswer(500, {})
    world.message()
    world.minute()
    world.wait(minutes=11)
    world.minute()


def an_outcome_is_proven_by_the_list(world: World, _: UUID) -> None:
    def accept_and_drop(fields: dict[str, str]) -> HttpAnswer:
        world.phones.accept(fields)
        return HttpAnswer(201, None, drop=True)

    world.phones.misbehave = accept_and_drop
    world.message()
    world.minute()
    world.phones.misbehave = None
    world.wait(minutes=2)
    world.minute()


def a_message_expires(world: World, _: UUID) -> None:
    world.message(expires_at=world.now + timedelta(minutes=1))
    world.wait(minutes=2)
    world.minute()


def her_number_changes(world: World, _: UUID) -> None:
    world.message(scheduled_for=world.now + timedelta(hours=1))
    change_user(world.connection, "ada", {"phone_number": "+12125550111", "daily_limit": 5}, world.now)


@pytest.mark.parametrize(
    "story",
    [
        a_text_is_delivered, a_text_is_not_delivered, a_number_turns_out_dead, a_text_is_refused, she_opted_out_at_twilio,
        stop_and_start, a_wish_in_free_words, withdrawals, newer_messages, a_sequence, an_incomplete_sequence,
        she_writes_and_what_waits_comes_forward, replies, a_reply_row_that_will_not_go, a_verdict, a_reformulation,
        a_text_that_cannot_be_read_and_then_can, a_worker_dies_before_it_sends, an_outcome_stays_unknown,
        an_outcome_is_proven_by_the_list, a_message_expires, her_number_changes,
    ],
    ids=lambda story: story.__name__.replace("_", " "),
)  # fmt: skip
def test_the_rows_of_another_person_stay_as_they_were(world: World, story: Callable[[World, UUID], None]) -> None:
    cem = bystander(world)
    ada = world.person(hourly_limit=10)
    before = rows_of(world, cem)
    assert len(before) > 40
    story(world, ada)
    assert rows_of(world, cem) == before
    world.phones.callbacks.clear()
