"""What became of messages, in numbers, where some are older than the question (`store/stats.py`)."""

from datetime import timedelta

from orchestrator.store.stats import read_stats
from orchestrator_local.stand_ins.phones import Callback, twilio_error
from tests.world import WEBHOOK, World


def test_what_is_older_than_the_question_does_not_count(world: World) -> None:
    world.person()
    world.message(message_data={"type": "note", "message": "Yesterday"})
    world.publish('{"user_id": "ada"}')
    world.minute()
    world.writes("Thanks")
    world.opts_out("+12125550199")
    world.wait(days=1)
    since = world.now
    assert {name: count for name, count in read_stats(world.connection, since).items() if count} == {}

    world.wait(minutes=1)
    world.message()
    world.message(agent_id="bulk")
    held = world.message()
    world.publish(
        '{"user_id": "ada"}', '{"user_id": "ada", "agent_id": "x", "message_data": {"type": "x"}, "priority": "no"}'
    )
    world.wait(seconds=30)
    world.minute()
    world.twilio_calls()
    world.opts_out("+12125550198")
    world.person("ben", phone="+12125550102")
    world.phones.misbehave = lambda _: twilio_error(400, 21211, "Invalid number")
    world.message("ben")
    world.minute()
    assert world.state(held) == ("queued", "hourly_limit")
    world.writes("Hm")
    world.connection.execute(  # an agent's row to itself
        "INSERT INTO messages (conversation_id, user_id, role, content, direction, created_at)"
        " SELECT conversation_id, user_id, 'system', '{}', 'inbound', created_at FROM messages WHERE content = 'Hm'"
    )
    stats = read_stats(world.connection, since)
    assert (stats["sent"], stats["delivered"], stats["undelivered"], stats["unknown_outcomes"]) == (2, 2, 0, 0)
    assert stats["refused_by_code"] == {"21211": 1}
    assert stats["held_by_reason"] == {"hourly_limit": 1}
    assert stats["ended_by_reason"] == {"failed (bad_number)": 1}
    assert stats["sent_by_agent"] == {"bulk": 1, "concierge_main": 1}
    assert sum(stats["rejected_by_reason"].values()) == 2
    assert (stats["texts_received"], stats["opt_outs"]) == (1, 1)
    assert (stats["wait_half_seconds"], stats["wait_most_seconds"]) == (30, 30)


def test_undelivered_texts_count_by_code(world: World) -> None:
    world.person()
    since = world.now - timedelta(seconds=1)
    world.message()
    world.minute()
    world.phones.callbacks.clear()
    sent = world.phones.texts[0]
    url = world.all("SELECT message_id, id FROM orchestrator.attempts")[0]
    fields = {"MessageSid": sent.sid, "To": sent.to, "MessageStatus": "undelivered", "ErrorCode": "30003"}
    world.twilio_calls(Callback(f"{WEBHOOK}/twilio/status?message_id={url[0]}&attempt_id={url[1]}", fields))
    world.take_in()
    stats = read_stats(world.connection, since)
    assert (stats["sent"], stats["delivered"], stats["undelivered"]) == (1, 0, 1)
    assert stats["undelivered_by_code"] == {"30003": 1}
