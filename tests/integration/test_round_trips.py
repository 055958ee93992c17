"""A wave costs a fixed number of round trips, whatever its size (G5)."""

from collections.abc import Callable

from pydantic import SecretStr

from orchestrator.agents import Agent
from orchestrator.store.agents import set_agent
from orchestrator.store.database import Database
from tests.postgres_proxy import counting_proxy
from tests.sizes import size
from tests.world import World

MESSAGES = size(1_000, 300)
PEOPLE = MESSAGES // 5


def test_many_messages_are_each_sent_once_for_less_than_half_a_round_trip_a_message(
    world: World, database_url: str, record_property: Callable[[str, object], None]
) -> None:
    set_agent(world.connection, Agent("bulk"))
    for number in range(PEOPLE):
        world.person(
            f"p{number}",
            phone=f"+1{(212, 646)[number // 100]}5550{100 + number % 100}",
            hourly_limit=100,
            daily_limit=100,
        )
    with counting_proxy(database_url) as (url, round_trips):
        for app in (world.functions[name] for name in ("enqueue", "dispatch", "deliver")):
            setattr(app, "database", Database(app.settings.model_copy(update={"database_url": SecretStr(url)})))  # noqa: B010  (a module's own)
        try:
            for start in range(0, MESSAGES, 10):
                world.publish(
                    *[
                        {
                            "user_id": f"p{number % PEOPLE}",
                            "agent_id": "bulk",
                            "priority": "high",
                            "message_data": {"type": "note", "message": f"number {number}"},
                        }
                        for number in range(start, start + 10)
                    ]
                )
            enqueued = round_trips.count
            world.dispatch()
            dispatched = round_trips.count - enqueued
            world.deliver()
            delivered = round_trips.count - enqueued - dispatched
        finally:
            for app in (world.functions[name] for name in ("enqueue", "dispatch", "deliver")):
                setattr(app, "database", Database(app.settings))  # noqa: B010

    bodies = [text.body for text in world.phones.texts]
    assert sorted(bodies) == sorted(f"number {number}" for number in range(MESSAGES))
    assert world.all("SELECT status, count(*) FROM message_queue GROUP BY 1") == [("sent", MESSAGES)]
    per_message = round_trips.count / MESSAGES
    parts = f"enqueue {enqueued}, dispatch {dispatched}, deliver {delivered}"
    record_property("database round trips per message", f"{per_message:.3f} ({parts} for {MESSAGES} messages)")
    assert per_message <= 0.5
