"""What texts cost, the day's ceiling on it, and who may be texted outside production."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from orchestrator.segments import segments_of
from orchestrator.sms.prices import price
from orchestrator.store.gauges import read_gauges
from orchestrator.store.pauses import list_pauses, resume
from orchestrator_local.stand_ins.phones import twilio_error
from tests.world import World


def spent(world: World) -> list[tuple[Any, ...]]:
    return world.all("SELECT texts, segments, twilio_usd FROM orchestrator.daily_spending() ORDER BY day")


def with_settings(world: World, **changes: Any) -> None:
    app = world.functions["deliver"]
    app.__dict__["settings"] = app.settings.model_copy(update=changes)


@pytest.fixture
def deliver_settings(world: World) -> Any:
    app = world.functions["deliver"]
    kept = app.settings
    yield
    app.__dict__["settings"] = kept


@pytest.mark.parametrize(
    ("country", "segments", "usd"), [("US", 1, "0.0128"), ("US", 3, "0.0384"), ("CA", 1, "0.0158"), (None, 1, "0.0158")]
)
def test_a_text_costs_by_segment_and_country(country: str | None, segments: int, usd: str) -> None:
    assert price(segments, country) == Decimal(usd)


def test_the_day_adds_up_by_segments(world: World) -> None:
    world.person()
    long = "A text of more than one segment. " * 6
    world.message(message_data={"type": "note", "message": long})
    world.message()
    world.minute()
    assert segments_of(long).number == 2
    assert spent(world) == [(2, 3, price(3, "US"))]


def test_what_twilio_refuses_costs_nothing(world: World) -> None:
    world.person()
    world.message()
    world.phones.misbehave = lambda _: twilio_error(400, 21211, "Invalid number")
    world.minute()
    assert spent(world) == [(0, 0, Decimal(0))]


@pytest.mark.usefixtures("deliver_settings")
def test_past_the_ceiling_the_ordinary_lanes_wait_for_the_next_utc_day(world: World) -> None:
    with_settings(world, twilio_daily_ceiling_usd=0.01)
    for number in range(3):
        world.person(f"p{number}", phone=f"+1212555010{number}")
    world.message("p0")
    world.minute()
    held, urgent = world.message("p1"), world.message("p2", priority="urgent", can_delay=False)
    world.minute()
    assert (world.state(held)[0], world.state(urgent)[0]) == ("queued", "sent")
    (pause,) = world.all("SELECT scope, note, ends_at FROM orchestrator.pauses")
    assert pause[:2] == ("spending", "Twilio has cost 0.01 USD today")
    world.travel_to(pause[2] - timedelta(seconds=1))
    world.minute()
    assert world.state(held)[0] == "queued"
    world.travel_to("2026-03-04T15:00:00+00:00")
    world.minute()
    assert world.state(held)[0] == "sent"


@pytest.mark.usefixtures("deliver_settings")
def test_whoever_resumes_after_the_ceiling_is_not_stopped_again_that_day(world: World) -> None:
    with_settings(world, twilio_daily_ceiling_usd=0.01)
    world.person()
    world.person("ben", phone="+12125550102")
    world.message()
    world.minute()
    assert resume(world.connection, "spending", "")
    later = world.message("ben")
    world.minute()
    assert (world.state(later)[0], list_pauses(world.connection, world.now)) == ("sent", [])


@pytest.mark.usefixtures("deliver_settings")
@pytest.mark.parametrize(
    ("stage", "allowlist", "state"),
    [
        ("prod", (), ("sent", None)),
        ("prod", ("+12125550199",), ("failed", "not_on_allowlist")),
        ("dev", (), ("failed", "not_on_allowlist")),
        ("staging", (), ("failed", "not_on_allowlist")),
        ("staging", ("+12125550101",), ("sent", None)),
    ],
)
def test_outside_production_only_named_numbers_are_texted(
    world: World, stage: str, allowlist: tuple[str, ...], state: tuple[str, str | None]
) -> None:
    from orchestrator.settings import Stage

    with_settings(world, stage=Stage(stage), recipient_allowlist=frozenset(allowlist))
    world.person()
    message_id = world.message()
    world.minute()
    assert world.state(message_id) == state


def test_a_shadow_run_decides_and_records_and_sends_nothing(world: World) -> None:
    from orchestrator.sender_settings import SendingMode
    from orchestrator.sms.shadow import sender_for

    app = world.functions["deliver"]
    kept = app.sender
    app.__dict__["sender"] = sender_for(app.settings.model_copy(update={"sending": SendingMode.SHADOW}))
    try:
        world.person()
        message_ids = [world.message() for _ in range(3)]
        world.minute()
    finally:
        app.__dict__["sender"] = kept
    assert [world.state(message_id) for message_id in message_ids] == [
        ("sent", None),
        ("sent", None),
        ("queued", "hourly_limit"),
    ]
    assert world.texts() == []
    assert all(sid.startswith("shadow-") for (sid,) in world.all("SELECT twilio_message_sid FROM messages"))


def test_json_is_printed_for_each_metric_that_alarms_look_at(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.person()
    world.message()
    world.minute()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    by_name = {line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"]: line for line in lines}
    assert {"Published", "HandedOver", "Ticks", "OldestDue", "Sent", "Wait", "Lateness", "Segments"} <= by_name.keys()
    assert by_name["Sent"]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[], ["lane"]]
    assert (by_name["Sent"]["lane"], by_name["Sent"]["Sent"]) == ("high", [1.0])


def urgent_sequence(world: World, user: str) -> list[UUID]:
    """Five urgent parts of ten segments each."""
    sequence = {"sequence_id": str(uuid4()), "sequence_total": 5, "priority": "urgent", "can_delay": False}
    words = {"type": "note", "message": "x" * 1530}
    return [world.message(user, message_data=words, sequence_position=place, **sequence) for place in range(1, 6)]


@pytest.mark.usefixtures("deliver_settings")
def test_urgent_texts_and_replies_stop_at_three_times_the_ceiling(world: World) -> None:
    with_settings(world, twilio_daily_ceiling_usd=0.05)
    for number in range(10):
        world.person(f"p{number}", phone=f"+1212555010{number}")
    world.writes("Hello?", phone="+12125550109")
    for number in range(9):
        urgent_sequence(world, f"p{number}")
    world.deliver()
    cost = price(10, "US")
    [(texts, _, usd)] = spent(world)
    assert (texts, usd) == (9, 9 * cost), "one wave of one worker"
    world.publish({"action": "reply", "user_id": "p9", "content": "Yes?"})
    world.minute()
    assert spent(world)[0][0] == 9
    pauses = world.all("SELECT scope, value, note FROM orchestrator.pauses ORDER BY value")
    assert pauses[1] == ("spending", "urgent", f"Twilio has cost {round(9 * cost, 2)} USD today")
    assert read_gauges(world.connection, world.now).cost_ceilings == {"twilio": 1, "twilio_urgent": 1}
    assert resume(world.connection, "spending", "")
    assert not resume(world.connection, "spending", "")
    world.minute()
    world.connection.execute("DELETE FROM orchestrator.pauses WHERE value = 'urgent'")
    world.minute()
    assert spent(world)[0][0] == 9, "no operator lifts the second ceiling"
    world.travel_to("2026-03-04T15:00:00+00:00")
    world.minute()
    assert sum(texts for texts, _, _ in spent(world)) > 9


@pytest.mark.usefixtures("deliver_settings")
def test_a_ceiling_that_no_wave_saw_passed_holds_the_next_wave(world: World) -> None:
    """Waves of one moment do not see each other: all of them may begin below the ceiling and end above it."""
    with_settings(world, twilio_daily_ceiling_usd=0.02)
    world.connection.execute(
        "INSERT INTO orchestrator.spending_shards (day, shard, twilio_usd) SELECT %s, n, 0.01 FROM generate_series(-9, -1) n",
        (world.now.date(),),
    )
    world.person()
    held = world.message()
    world.minute()
    assert (world.state(held), world.texts()) == (("queued", "paused"), [])
    assert [scope for scope, *_ in list_pauses(world.connection, world.now)] == ["spending", "spending"]
