"""What one wave of the deliver function sends, and in which order (R6)."""

import pytest

from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import twilio_error
from tests.world import World


def publish(world: World, number: int) -> None:
    for place in range(number):
        world.message(message_data={"type": "x", "message": f"text {place}"}, priority="urgent", can_delay=False)


def test_a_persons_texts_arrive_in_order_two_in_a_wave(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.person()
    publish(world, 5)
    sender = world.functions["deliver"].sender
    waves: list[list[str]] = []
    send_wave = sender.send_wave

    def record(texts, has_time):  # type: ignore[no-untyped-def]  # as the sender's own
        waves.append([sms.body for sms in texts])
        return send_wave(texts, has_time)

    monkeypatch.setattr(sender, "send_wave", record)
    world.deliver()
    assert world.texts() == [f"text {place}" for place in range(5)]
    assert [len(wave) for wave in waves] == [2, 2, 1]


@pytest.mark.parametrize(
    ("code", "end"), [(21610, ("cancelled", "opted_out")), (21614, ("failed", "bad_number"))], ids=["STOP", "dead"]
)
def test_after_a_refusal_of_the_number_no_further_call_is_made(world: World, code: int, end: tuple[str, str]) -> None:
    world.person()
    calls: list[dict[str, str]] = []

    def refuse(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        return twilio_error(400, code, "no")

    world.phones.misbehave = refuse
    publish(world, 5)
    world.deliver()
    world.minute()
    assert len(calls) == 1
    assert world.all("SELECT DISTINCT status, reason FROM message_queue") == [end]
    assert world.all("SELECT messages_sent FROM user_message_budget") == [(0,)]
