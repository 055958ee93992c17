"""Agents, pauses, the brake (R13), the sender's pace, and who comes forward (R4)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from orchestrator.agents import Agent, agent_for
from orchestrator.delivery.dispatch import dispatch
from orchestrator.purpose import Purpose
from orchestrator.settings import DispatchSettings, load
from orchestrator.store.agents import list_agents, remove_agent, set_agent
from orchestrator.store.message_history import read_message_history
from orchestrator.store.pauses import pause, resume
from tests.world import World, sqs_event, sqs_record


@pytest.mark.parametrize(
    ("scope", "value", "stopped"),
    [
        ("everything", "", {"high", "low", "ben"}),
        ("lane", "high", {"high", "ben"}),
        ("agent", "solution_saga", {"low"}),
        ("user", "ada", {"high", "low"}),
    ],
)
def test_what_is_paused_waits_and_the_rest_goes_on(world: World, scope: str, value: str, stopped: set[str]) -> None:
    ada = world.person()
    world.person("ben", phone="+12125550102")
    messages = {
        "high": world.message(agent_id="concierge_main"),
        "low": world.message(agent_id="solution_saga_7", priority="low", can_delay=False),
        "ben": world.message("ben", agent_id="concierge_main"),
    }
    where = str(ada) if scope == "user" else value
    world.dispatch()  # some of it is in the delivery queue already
    pause(world.connection, scope, where, None, world.now)
    world.deliver()
    world.minute()
    sent = {name for name, message_id in messages.items() if world.state(message_id)[0] == "sent"}
    assert sent == set(messages) - stopped
    resume(world.connection, scope, where)
    world.minute()
    world.wait(minutes=6)  # the low one yields to what goes first
    world.minute()
    assert {world.state(message_id)[0] for message_id in messages.values()} == {"sent"}


def test_an_agent_may_be_kept_from_urgent(world: World) -> None:
    world.person()
    set_agent(world.connection, Agent("bulk", may_use_urgent=False))
    set_agent(world.connection, Agent("bulk_trusted"))
    for agent_id in ("bulk_1", "bulk_trusted_1"):
        world.publish({"user_id": "ada", "agent_id": agent_id, "priority": "urgent", "message_data": {"type": "note"}})
    assert world.all("SELECT agent_id, reason FROM orchestrator.rejections") == [("bulk_1", "urgent_not_allowed")]
    assert world.all("SELECT agent_id FROM message_queue") == [("bulk_trusted_1",)]


def test_when_the_settings_of_a_prefix_are_removed_those_of_a_shorter_one_hold(world: World) -> None:
    world.person()
    set_agent(world.connection, Agent("bulk", may_use_urgent=False))
    set_agent(world.connection, Agent("bulk_trusted"))
    assert remove_agent(world.connection, "bulk_trusted")
    assert not remove_agent(world.connection, "bulk_trusted")
    assert [agent.prefix for agent in list_agents(world.connection)] == ["bulk"]
    world.publish({"user_id": "ada", "agent_id": "bulk_trusted_1", "priority": "urgent", "message_data": {"type": "x"}})
    assert world.all("SELECT agent_id, reason FROM orchestrator.rejections") == [
        ("bulk_trusted_1", "urgent_not_allowed")
    ]


def test_what_is_above_an_agents_hour_waits_for_the_next_ones(world: World) -> None:
    world.person(daily_limit=100, hourly_limit=100)
    set_agent(world.connection, Agent("bulk", hourly_limit=2))
    messages = [world.message(agent_id="bulk") for _ in range(5)]
    waits = [(world.row(m)["scheduled_for"] - world.now, world.row(m)["reason"]) for m in messages]
    hour = timedelta(hours=1)
    assert waits == [
        (timedelta(0), None),
        (timedelta(0), None),
        (hour, "agent_limit"),
        (hour, "agent_limit"),
        (2 * hour, "agent_limit"),
    ]
    world.minute()
    assert len(world.texts()) == 2
    world.wait(hours=1)
    world.minute()
    assert len(world.texts()) == 4


def test_an_agent_far_above_its_usual_rate_is_braked_and_the_brake_lets_go(world: World) -> None:
    world.person(daily_limit=1000, hourly_limit=1000)
    world.connection.execute(
        "INSERT INTO orchestrator.agent_rates (agent_id, span, accepted)"
        " SELECT 'saga', %(now)s - n * interval '1 hour', 20 FROM generate_series(2, 50) n"
        " UNION ALL SELECT 'saga', date_bin('10 minutes', %(now)s, '2000-01-01'), 499",
        {"now": world.now},
    )
    world.connection.execute("INSERT INTO orchestrator.known_agents (agent_id) VALUES ('saga')")
    first = world.message(agent_id="saga")
    assert world.all("SELECT 1 FROM orchestrator.pauses") == []
    second = world.message(agent_id="saga")
    other = world.message(agent_id="saga_other")
    assert world.all("SELECT scope, value, note FROM orchestrator.pauses") == [
        ("brake", "saga", "501 messages in an hour, usually 20")
    ]
    world.minute()
    assert [world.state(m)[0] for m in (first, second, other)] == ["queued", "queued", "sent"]
    world.wait(hours=1, minutes=1)
    world.minute()
    assert [world.state(m)[0] for m in (first, second)] == ["sent", "sent"]


def test_only_its_author_withdraws_a_message_where_publishers_are_bound(world: World) -> None:
    world.person()
    set_agent(world.connection, Agent("bound", publishers=["AROAUTHOR"]))
    body: dict[str, Any] = {
        "message_id": str(UUID(int=7)),
        "user_id": "ada",
        "agent_id": "bound_1",
        "priority": "high",
        "topic": "crm",
        "message_data": {"type": "note"},
    }
    withdrawal = {"action": "withdraw", "message_id": body["message_id"]}
    by_topic = {"action": "withdraw", "user_id": "ada", "topic": "crm"}

    def send(content: dict[str, Any], sender: str) -> None:
        import json

        record = sqs_record(json.dumps(content), world.now)
        record["attributes"]["SenderId"] = sender
        world.invoke("enqueue", sqs_event([record]))

    send(body, "AROSTRANGER")
    assert world.all("SELECT reason FROM orchestrator.rejections") == [("publisher_not_allowed",)]
    send(withdrawal, "AROSTRANGER")  # also one that comes first does not win
    send(body, "AROAUTHOR")
    send(withdrawal, "AROSTRANGER")
    send(by_topic, "AROSTRANGER")
    assert world.state(UUID(int=7))[0] == "queued"
    send(withdrawal, "AROAUTHOR")
    assert world.state(UUID(int=7)) == ("cancelled", "withdrawn")


def test_the_longest_prefix_counts() -> None:
    agents = [Agent("a"), Agent("a_b", hourly_limit=1), Agent("z")]
    assert agent_for("a_b_c", agents).prefix == "a_b"
    assert agent_for("a_c", agents).prefix == "a"
    assert agent_for("other", agents) == Agent("other")


# The sender's pace -----------------------------------------------------------------------------------------------------


def bulk(world: World, count: int, **columns: Any) -> None:
    """Due messages for as many people; for all people who are there, unless only for new ones."""
    world.connection.execute(
        "INSERT INTO users (phone_number, timezone) SELECT '+1212555' || n, 'America/New_York'"
        " FROM generate_series(1000, 999 + %s) n",
        (count,),
    )
    world.connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, priority, accepted_at, expires_at)"
        " SELECT id, 'bulk', '{}', %(due)s, 'medium', %(now)s, %(now)s + interval '1 day' FROM users"
        " WHERE external_id IS NULL OR NOT %(only_new)s",
        {"now": world.now, "due": columns.get("due", world.now), "only_new": columns.get("only_new", False)},
    )


def tick(world: World, per_second: float) -> list[int]:
    """One tick at a pace; the seconds after which messages leave."""
    settings = load(DispatchSettings).model_copy(update={"sender_messages_per_second": per_second})
    dispatch(world.connection, settings, lambda: world.now)
    return sorted(message["DelaySeconds"] for message in world.drain_messages("DELIVERY_QUEUE_URL"))


def test_a_release_is_spread_within_the_senders_pace(world: World) -> None:
    bulk(world, 200)
    first = tick(world, 1.0)
    assert first == list(range(150)), "as many as leave before the tick after next, a second apart"
    world.wait(minutes=1)
    second = tick(world, 1.0)
    assert second == list(range(90, 140)), "they go on where the others end"


def test_what_is_due_later_is_not_hurried(world: World) -> None:
    bulk(world, 3, due=world.now + timedelta(seconds=100))
    assert tick(world, 1.0) == [100, 100, 100] or tick(world, 1.0) == []


def test_what_the_limits_will_hold_takes_no_place_in_the_pace(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many wait for people at their limit, before those who may get a text."""
    monkeypatch.setattr("orchestrator.delivery.dispatch.CLAIM_SIZE", 100)
    ada = world.person("ada", hourly_limit=2)
    world.connection.execute(
        "INSERT INTO message_queue (user_id, agent_id, message_data, scheduled_for, priority, accepted_at, expires_at)"
        " SELECT %(ada)s, 'bulk', '{}', %(due)s, 'medium', %(due)s, %(now)s + interval '1 day' FROM generate_series(1, 250)",
        {"ada": ada, "due": world.now - timedelta(hours=1), "now": world.now},
    )
    bulk(world, 100, only_new=True)
    found = tick(world, 1.0)
    # Two of hers, and one for each of the others, a second apart; the rest of hers is there at once, to be held.
    assert found == [*([0] * 249), *range(1, 102)]
    (free,) = world.all("SELECT next_free FROM orchestrator.pace")[0]
    assert free == world.now + timedelta(seconds=102)


def test_the_pace_counts_segments(world: World) -> None:
    for place in range(3):
        world.person(f"p{place}", phone=f"+1212555010{place}")
        world.message(f"p{place}", message_data={"type": "note", "message": "x" * (153 * 3)})
    assert tick(world, 1.0) == [0, 3, 6]


def test_a_clock_that_was_an_hour_ahead_for_one_tick_stops_no_lane(world: World) -> None:
    bulk(world, 50)
    world.wait(hours=1)
    tick(world, 1.0)
    world.wait(hours=-1)
    world.connection.execute("UPDATE message_queue SET status = 'queued', lease_until = NULL")
    assert tick(world, 1.0) == list(range(50))


def test_urgent_is_not_held_to_the_pace(world: World) -> None:
    bulk(world, 200)
    tick(world, 1.0)
    world.person()
    world.message(priority="urgent", scheduled_for=world.now + timedelta(seconds=30))
    tick(world, 1.0)
    assert [m["DelaySeconds"] for m in world.drain_messages("URGENT_QUEUE_URL")] == [30]


# Who comes forward -----------------------------------------------------------------------------------------------------


def test_what_waits_for_a_person_who_writes_comes_forward_best_first_and_three_at_most(world: World) -> None:
    world.travel_to("2026-03-03T22:00:00-05:00")
    ada = world.person()
    lanes = ["low", "medium", "high", "medium", "high"]
    messages = [
        world.message(priority=lane, message_data={"type": "note", "message": f"{lane} {place}"})
        for place, lane in enumerate(lanes)
    ]
    future = world.message(scheduled_for=world.now + timedelta(hours=1))
    world.minute()
    assert world.texts() == []
    world.wait(minutes=1)
    world.says(ada, "HELP")
    world.minute()
    assert world.texts() == [], "HELP is no conversation"
    world.says(ada, "what about it?")
    assert world.dispatch()["pulled_forward"] == 3
    world.deliver()
    assert len(world.texts()) == 3
    assert {"high 2", "high 4"} < set(world.texts())
    assert "low 0" not in world.texts()
    world.wait(minutes=1)
    assert world.dispatch()["pulled_forward"] == 0
    world.deliver()
    assert len(world.texts()) == 3, "three in all"
    world.says(ada, "and?")
    world.minute()
    assert len(world.texts()) == 5
    assert world.state(future) == ("queued", "scheduled")
    assert {world.state(m)[0] for m in messages} == {"sent"}
    assert world.all("SELECT sum(messages_sent) FROM user_message_budget") == [(5,)], "they count"


# Urgent at night -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent_id", "settings", "goes"),
    [
        ("system", [], True),
        ("System ", [], True),
        ("system_of_others", [], False),
        ("concierge", [], False),
        ("concierge", [Agent("concierge", urgent_at_night=True)], True),
        ("concierge", [Agent("con", urgent_at_night=True), Agent("concierge")], False),
        ("system", [Agent("system", urgent_at_night=False)], False),
        ("system", [Agent("")], True),
    ],
)
def test_urgent_goes_at_night_where_its_agent_may(
    world: World, agent_id: str, settings: list[Agent], goes: bool
) -> None:
    world.travel_to("2026-03-03T03:00:00-05:00")
    world.person()
    for agent in settings:
        set_agent(world.connection, agent)
    urgent = world.message(agent_id=agent_id, priority="urgent", can_delay=False)
    world.deliver()
    assert world.state(urgent) == (("sent", None) if goes else ("queued", "quiet_hours"))
    world.travel_to("2026-03-03T08:00:00-05:00")
    world.minute()
    assert world.state(urgent)[0] == "sent"


@pytest.mark.parametrize(
    ("settings", "agent", "purpose"),
    [
        ([], "shop", "informational"),
        ([Agent("shop", purpose=Purpose.MARKETING)], "shop_1", "marketing"),
        ([Agent("shop", purpose=Purpose.MARKETING)], "Shop_1", "marketing"),
        ([Agent("shop", purpose=Purpose.MARKETING), Agent("shop_receipts", purpose=Purpose.TRANSACTIONAL)],
         "shop_receipts_1", "transactional"),
        ([Agent("shop", purpose=Purpose.MARKETING), Agent("shop_receipts")], "shop_receipts_1", "informational"),
    ],
)  # fmt: skip
def test_the_owner_of_an_agent_says_what_its_texts_are_for(
    world: World, settings: list[Agent], agent: str, purpose: str
) -> None:
    for setting in settings:
        set_agent(world.connection, setting)
    world.person()
    claimed = {"purpose": "transactional"}
    message = world.message(agent_id=agent, message_data={"type": "note", "message": "Hello", **claimed})
    history = read_message_history(world.connection, message)
    assert history is not None
    (published,) = [step for step in history.steps if step.what == "published"]
    assert published.detail == f"by {agent.lower()}, {purpose}, high"
