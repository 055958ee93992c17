"""The way out, at the deliver handler."""

from datetime import timedelta
from typing import Any

import pytest

from orchestrator import MessageOrchestrator
from orchestrator.sms.client import twilio_client
from orchestrator.store.pauses import pause, resume
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import twilio_error
from tests.world import LambdaContext, World, sqs_event, sqs_record

STRUCTURED = {
    "type": "solution_update",
    "findings": {"matchedInnovators": [{"name": "Acme Corp", "reason": "Enterprise CRM"}]},
}


def test_a_message_arrives_once_and_everything_is_recorded(world: World) -> None:
    ada = world.person()
    message_id = world.message()
    world.minute()
    assert world.texts() == ["Hello"]
    row = world.row(message_id)
    assert (row["status"], row["sent_at"], row["final_message"], row["words_source"]) == (
        "sent",
        world.now,
        "Hello",
        "verbatim",
    )
    sid = world.phones.texts[0].sid
    assert world.all("SELECT id, user_id, role, content, direction, status, twilio_message_sid FROM messages") == [
        (row["delivered_message_id"], ada, "concierge", "Hello", "outbound", "sent", sid)
    ]
    assert world.all("SELECT outcome, twilio_message_sid, holds_slot FROM orchestrator.attempts") == [
        ("accepted", sid, True)
    ]
    assert world.all("SELECT messages_sent, daily_limit, hourly_limit FROM user_message_budget") == [(1, 10, 2)]


def test_a_repeated_record_changes_nothing(world: World) -> None:
    world.person()
    world.message()
    world.dispatch()
    record = sqs_record(world.drain("DELIVERY_QUEUE_URL")[0], world.now)
    for _ in range(3):
        world.invoke("deliver", sqs_event([record, {**record, "messageId": "again"}]))
    assert world.texts() == ["Hello"]


def test_a_record_that_names_no_message_is_put_aside_and_the_rest_goes_on(world: World) -> None:
    world.person()
    world.message()
    world.dispatch()
    bodies = [*world.drain("DELIVERY_QUEUE_URL"), "{", '{"message_id": 7}', "[]", "null"]
    records = [sqs_record(body, world.now, message_id=str(place)) for place, body in enumerate(bodies)]
    answer = world.invoke("deliver", sqs_event(records))
    assert answer == {"batchItemFailures": []}
    assert world.texts() == ["Hello"]
    dead = world.drain_messages("DELIVERY_DLQ_URL")
    assert [letter["Body"] for letter in dead] == bodies[1:]
    assert {letter["MessageAttributes"]["reason"] for letter in dead} == {"unreadable"}


def test_what_cannot_be_finished_in_time_is_handed_back(world: World) -> None:
    world.person()
    message_id = world.message()
    world.dispatch()
    record = sqs_record(world.drain("DELIVERY_QUEUE_URL")[0], world.now)
    world.functions["deliver"].handler(sqs_event([record]), LambdaContext(remaining_ms=7_000))
    assert (world.texts(), world.state(message_id)) == ([], ("queued", None))
    world.minute()
    assert world.texts() == ["Hello"]


def test_a_text_to_an_active_person_does_not_outlast_their_activity_at_twilio(world: World) -> None:
    world.travel_to("2026-03-03T22:00:00-05:00")
    ada = world.person()
    world.message()
    world.says(ada, "are you there?")
    world.wait(minutes=4)
    world.minute()
    assert [text.validity_period for text in world.phones.texts] == [360]


def test_texts_of_one_person_share_a_conversation(world: World) -> None:
    world.person()
    for _ in range(2):
        world.message()
    world.minute()
    assert world.all("SELECT count(*), count(DISTINCT conversation_id) FROM messages") == [(2, 1)]
    assert world.all("SELECT count(*) FROM conversations") == [(1,)]


def test_twilio_may_not_keep_a_text_into_the_quiet_hours(world: World) -> None:
    world.person()
    world.travel_to("2026-03-03T20:50:00-05:00")
    world.message()
    world.minute()
    assert world.phones.texts[0].validity_period == 600


def test_in_quiet_hours_a_message_waits_until_they_end(world: World) -> None:
    world.person(phone="+13105550102", timezone="America/Los_Angeles")
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == ("queued", "quiet_hours")
    assert world.row(message_id)["scheduled_for"].isoformat() == "2026-03-03T16:00:00+00:00"
    world.travel_to("2026-03-03T16:00:00+00:00")
    world.minute()
    assert world.texts("+13105550102") == ["Hello"]


def test_an_urgent_message_that_cannot_wait_goes_in_quiet_hours(world: World) -> None:
    world.person(phone="+13105550102", timezone="America/Los_Angeles")
    world.message(agent_id="system", priority="urgent", can_delay=False)
    world.deliver()
    assert world.texts("+13105550102") == ["Hello"]


def test_the_daily_limit_holds_until_the_next_local_morning(world: World) -> None:
    world.person(daily_limit=1, hourly_limit=500)
    first, second = world.message(), world.message()
    world.minute()
    assert world.state(first)[0] == "sent"
    assert world.state(second) == ("queued", "daily_limit")
    assert world.row(second)["scheduled_for"].isoformat() == "2026-03-04T13:00:00+00:00"
    world.travel_to("2026-03-04T13:00:00+00:00")
    world.minute()
    assert world.state(second)[0] == "sent", "the raised or lowered limit is inherited, the count is not"
    assert world.all("SELECT date::text, messages_sent, daily_limit FROM user_message_budget ORDER BY 1")[-1] == (
        "2026-03-04",
        1,
        1,
    )


def test_the_hourly_limit_holds_until_the_count_falls(world: World) -> None:
    world.person()
    for _ in range(2):
        world.message()
        world.minute()
        world.wait(minutes=10)
    third = world.message()
    world.minute()
    assert world.state(third) == ("queued", "hourly_limit")
    assert world.row(third)["scheduled_for"].isoformat() == "2026-03-03T16:00:00+00:00"


@pytest.mark.parametrize("by", ["number", "user"])
def test_an_opt_out_ends_what_waits(world: World, by: str) -> None:
    ada = world.person()
    message_id = world.message(priority="urgent", can_delay=False)
    world.opts_out(phone="+12125550101" if by == "number" else None, user_id=ada if by == "user" else None)
    world.deliver()
    assert world.state(message_id) == ("cancelled", "opted_out")
    assert world.texts() == []


def test_a_stop_while_claude_is_thinking_is_obeyed(world: World) -> None:
    world.person()
    message_id = world.message(message_data=STRUCTURED)

    def stop_meanwhile(_request: object) -> None:
        world.opts_out(phone="+12125550101")

    world.claude.misbehave = stop_meanwhile
    world.minute()
    assert world.texts() == []
    assert world.state(message_id) == ("cancelled", "opted_out")


def test_a_pause_stops_what_is_already_in_the_delivery_queue(world: World) -> None:
    world.person()
    message_id = world.message()
    world.dispatch()
    pause(world.connection, "everything", "", None, world.now)
    world.deliver()
    assert (world.texts(), world.state(message_id)) == ([], ("queued", "paused"))
    resume(world.connection, "everything", "")
    world.minute()
    assert world.texts() == ["Hello"]


def test_a_message_that_expired_on_the_way_is_not_sent(world: World) -> None:
    world.person()
    message_id = world.message(expires_at=world.now + timedelta(minutes=1))
    world.dispatch()
    world.wait(minutes=2)
    world.deliver()
    assert (world.texts(), world.state(message_id)) == ([], ("expired", "expired"))


def test_a_message_withdrawn_on_the_way_is_not_sent(world: World) -> None:
    world.person()
    message_id = world.message()
    world.dispatch()
    world.publish({"action": "withdraw", "message_id": str(message_id)})
    world.deliver()
    assert (world.texts(), world.state(message_id)) == ([], ("cancelled", "withdrawn"))


def test_a_message_never_leaves_before_its_own_time(world: World) -> None:
    world.person()
    message_id = world.message(scheduled_for=world.now + timedelta(minutes=2))
    world.dispatch()
    world.deliver()  # the queue is early
    assert (world.texts(), world.state(message_id)) == ([], ("queued", "scheduled"))


def test_a_number_that_moved_abroad_is_not_texted(world: World) -> None:
    ada = world.person()
    message_id = world.message()
    world.connection.execute("UPDATE users SET phone_number = '+442079460123' WHERE id = %s", (ada,))
    world.minute()
    assert world.state(message_id) == ("failed", "country_not_allowed")


# Words -----------------------------------------------------------------------------------------------------------------


def test_structured_data_becomes_a_friendly_text_and_its_cost_is_logged(world: World) -> None:
    ada = world.person()
    message_id = world.message(message_data=STRUCTURED)
    world.minute()
    assert world.texts() == ["Hi Ada! Here is your solution update: Acme Corp, Enterprise CRM."]
    assert world.row(message_id)["words_source"] == "claude"
    (logged,) = world.all(
        "SELECT agent_type, action_type, user_id, context_id, model_used, input_tokens > 0, output_tokens > 0,"
        " cost_usd > 0, latency_ms >= 0, error FROM agent_actions_log"
    )
    assert logged == (
        "message_orchestrator",
        "render_message",
        ada,
        message_id,
        "claude-haiku-5-5",
        True,
        True,
        True,
        True,
        None,
    )


PLAIN = "Hi Ada, solution update: matched innovators: Acme Corp (Enterprise CRM)."


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(500, {"type": "error", "error": {"type": "api_error", "message": "broken"}}),
        HttpAnswer(529, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}),
        HttpAnswer(429, {"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}}),
        HttpAnswer(200, b"not json"),
        HttpAnswer(200, None, drop=True),
    ],
    ids=["500", "529", "429", "malformed", "dropped"],
)
def test_when_claude_fails_the_plain_sentence_goes(world: World, answer: HttpAnswer) -> None:
    world.person()
    world.claude.misbehave = lambda _request: answer
    message_id = world.message(message_data=STRUCTURED)
    world.minute()
    assert world.texts() == [PLAIN]
    assert world.row(message_id)["words_source"] == "plain"
    assert set(world.all("SELECT error IS NOT NULL FROM agent_actions_log")) == {(True,)}


@pytest.mark.parametrize(
    "lie",
    [
        "Hi Ada, see https://evil.example/now",
        "Hi Ada, you owe $500",
        "Hi Ada, mail win@evil.example",
        '{"text": "Hi"}',
        "Hi **Ada**",
        "Hi [Name], news",
        "",
        "Hi Ada" * 400,
    ],
)
def test_what_is_not_in_the_data_never_reaches_a_phone(world: World, lie: str) -> None:
    world.person()
    world.claude.write_text = lambda _data: lie
    world.message(message_data=STRUCTURED)
    world.minute()
    assert world.texts() == [PLAIN]


def test_a_refusal_by_the_model_means_the_plain_sentence(world: World) -> None:
    world.person()
    world.claude.misbehave = lambda request: world.claude.reply(request, "I cannot", stop_reason="refusal")
    world.message(message_data=STRUCTURED)
    world.minute()
    assert world.texts() == [PLAIN]


def test_data_that_makes_no_words_ends_visibly(world: World) -> None:
    world.person()
    world.claude.write_text = lambda _data: ""
    message_id = world.message(message_data={"type": "{}"})
    world.minute()
    assert world.state(message_id) == ("failed", "nothing_to_say")


@pytest.mark.parametrize("text", ["Will you come? Reply YES or CANCEL", "Reply GO to start, QUIT to leave."])
def test_a_text_that_offers_an_opt_out_keyword_as_an_answer_is_refused_before_it_is_sent(
    world: World, text: str
) -> None:
    world.person()
    message_id = world.message(message_data={"type": "booking", "message": text})
    world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("failed", "offers_stop_word"))


def test_a_text_that_explains_how_to_opt_out_is_sent(world: World) -> None:
    world.person()
    world.message(message_data={"type": "booking", "message": "Reply YES to confirm. Reply STOP to opt out."})
    world.minute()
    assert world.texts() == ["Reply YES to confirm. Reply STOP to opt out."]


def test_a_retry_never_says_something_else(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: twilio_error(429, 20429, "Too many requests")
    message_id = world.message(message_data=STRUCTURED)
    world.minute()
    assert world.state(message_id) == ("queued", "provider_busy")
    world.phones.misbehave = None
    world.claude.write_text = lambda _data: "Hi Ada, something else"
    world.wait(minutes=1)
    world.minute()
    assert world.texts() == ["Hi Ada! Here is your solution update: Acme Corp, Enterprise CRM."]
    assert len(world.claude.requests) == 1


# What Twilio answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        (400, 21610, ("cancelled", "opted_out")),
        (400, 21211, ("failed", "bad_number")),
        (400, 21614, ("failed", "bad_number")),
        (400, 21617, ("failed", "refused")),
        (401, 20003, ("queued", "provider_configuration")),
        (429, 20429, ("queued", "provider_busy")),
    ],
)
def test_a_refused_send_gives_its_slot_back(world: World, status: int, code: int, state: tuple[str, str]) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: twilio_error(status, code, "no")
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == state
    assert world.all("SELECT messages_sent FROM user_message_budget") == [(0,)]
    assert world.all("SELECT outcome, error_code, holds_slot FROM orchestrator.attempts") == [("refused", code, False)]
    assert world.all("SELECT 1 FROM messages") == []


def test_after_21610_nothing_is_sent_to_that_number_again(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: twilio_error(400, 21610, "unsubscribed")
    world.message()
    world.minute()
    world.phones.misbehave = None
    later = world.message()
    world.minute()
    assert (world.texts(), world.state(later)) == ([], ("cancelled", "opted_out"))


def test_a_wrong_credential_neither_loses_nor_consumes_a_message(world: World) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: twilio_error(401, 20003, "Authenticate")
    message_id = world.message()
    for _ in range(10):
        world.minute()
        world.wait(minutes=6)
    assert world.state(message_id) == ("queued", "provider_configuration")
    world.phones.misbehave = None
    world.minute()
    assert world.texts() == ["Hello"]


def test_while_our_account_is_refused_nobody_else_tries(world: World) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    calls: list[dict[str, str]] = []

    def refuse(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        return twilio_error(401, 20003, "Authenticate")

    world.phones.misbehave = refuse
    world.message()
    world.minute()
    later = world.message("ben")
    world.minute()
    assert len(calls) == 1
    assert world.state(later)[0] == "queued"
    world.phones.misbehave = None
    world.wait(minutes=6)
    world.minute()
    assert (world.texts(), world.texts("+12125550102")) == (["Hello"], ["Hello"])


def test_while_twilio_is_busy_the_lane_waits_as_long_as_it_said_and_no_try_is_used_up(world: World) -> None:
    world.person()
    world.person("ben", phone="+12125550102")
    calls: list[dict[str, str]] = []

    def too_many(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        return HttpAnswer(429, {"code": 20429, "status": 429, "message": "Too many requests"}, {"Retry-After": "90"})

    world.phones.misbehave = too_many
    first = world.message()
    world.minute()
    assert world.row(first)["scheduled_for"] == world.now + timedelta(seconds=90)
    later, other_lane = world.message("ben"), world.message("ben", priority="medium", can_delay=False)
    world.phones.misbehave = None
    world.minute()
    assert (len(calls), world.state(later)[0], world.state(other_lane)[0]) == (1, "queued", "sent")
    world.wait(seconds=90)
    world.minute()
    assert {world.state(first)[0], world.state(later)[0]} == {"sent"}
    assert world.row(first)["tries"] in (None, 0)


@pytest.mark.parametrize(
    "answer",
    [
        HttpAnswer(500, {}),
        HttpAnswer(503, b"<html>"),
        HttpAnswer(200, None, drop=True),
        HttpAnswer(201, b"half a bo"),
        HttpAnswer(201, {}),
    ],
    ids=["500", "503", "dropped", "malformed", "without sid"],
)
def test_an_unknown_outcome_is_never_sent_again(world: World, answer: HttpAnswer) -> None:
    world.person()
    world.phones.misbehave = lambda _fields: answer
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == ("sending", "unknown_outcome")
    world.phones.misbehave = None
    for _ in range(5):
        world.wait(minutes=11)
        world.minute()
    assert (world.texts(), world.state(message_id)) == ([], ("failed", "unknown_outcome"))
    assert world.all("SELECT outcome, holds_slot FROM orchestrator.attempts") == [("unknown", True)]


def test_a_worker_that_died_while_sending_leaves_an_unknown_outcome(world: World) -> None:
    world.person()
    message_id = world.message()

    def die(*_: object) -> None:
        raise SystemExit

    world.dispatch()
    body = world.drain("DELIVERY_QUEUE_URL")[0]
    sender = world.functions["deliver"].sender
    original, sender.send_wave = sender.send_wave, die
    try:
        with pytest.raises(SystemExit):
            world.invoke("deliver", sqs_event([sqs_record(body, world.now)]))
    finally:
        sender.send_wave = original
    world.invoke("deliver", sqs_event([sqs_record(body, world.now)]))  # SQS delivers it again
    assert world.texts() == []
    world.wait(minutes=11)
    world.minute()
    assert world.state(message_id) == ("failed", "unknown_outcome")


def test_what_failed_before_it_left_is_tried_again(world: World) -> None:
    world.person()
    message_id = world.message()
    sender = world.functions["deliver"].sender
    pools: Any = twilio_client(sender._settings, sender.parallel_calls).http_client
    original, pools._base_url = pools._base_url, "http://127.0.0.1:1"  # nothing listens there
    world.minute()
    assert world.state(message_id) == ("queued", "provider_unreachable")
    assert world.all("SELECT messages_sent FROM user_message_budget") == [(0,)]
    pools._base_url = original
    world.wait(minutes=1)
    world.minute()
    assert world.texts() == ["Hello"]


@pytest.mark.parametrize("cut", ["while it is sent", "while Claude thinks"])
def test_a_database_that_fails_over_meanwhile_loses_nothing(world: World, cut: str) -> None:
    world.person()
    message_id = world.message(
        message_data=STRUCTURED if cut == "while Claude thinks" else {"type": "x", "text": "Hello"}
    )

    def fail_over(_request: object) -> None:
        # All at once, and then until each has ended: one after the other they take a tenth of a second each. In one
        # transaction, or a pooler could give the second statement a session that the first one ended.
        with world.connection.transaction():
            for wait in (0, 2000):
                world.connection.execute(
                    "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() AND application_name = 'orchestrator'",
                    (wait,),
                )

    if cut == "while it is sent":
        world.phones.misbehave = fail_over
    else:
        world.claude.misbehave = fail_over
    world.minute()
    assert world.state(message_id) == ("sent", None)
    assert len(world.texts()) == 1


# Who is active ---------------------------------------------------------------------------------------------------------


def test_activity_lasts_ten_minutes_and_stop_is_none(world: World) -> None:
    ada = world.person("user_123")
    orchestrator = MessageOrchestrator()
    world.says(ada, "STOP")
    assert not orchestrator.is_user_active("user_123")
    world.says(ada, "thanks!")
    assert orchestrator.is_user_active("user_123")
    assert orchestrator.is_user_active(str(ada))
    world.wait(minutes=11)
    assert not orchestrator.is_user_active("user_123")


def test_logs_hold_neither_numbers_nor_words(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.person()
    world.message(message_data={"type": "note", "message": "a very private matter"})
    world.publish({"user_id": "ada", "agent_id": "x", "priority": "a very private matter"})
    world.minute()
    world.twilio_calls()
    world.take_in()
    logged = "\n".join(repr(vars(record)) for record in caplog.records)
    assert "batch delivered" in logged
    assert "batch taken in" in logged
    for secret in ("a very private matter", "+12125550101", "2125550101"):
        assert secret not in logged
