"""Limits are exact across local midnight, with many workers at once (R1)."""

from datetime import datetime, timedelta

import pytest

from tests.integration.test_reserve_under_race import WORKERS, CountingSender, approved, run_workers
from tests.world import World

MIDNIGHT_IN_NEW_YORK = datetime.fromisoformat("2026-03-04T00:00:00-05:00")


@pytest.mark.parametrize("limit", [1, 7])
def test_each_local_day_has_its_own_slots(world: World, database_url: str, limit: int) -> None:
    world.travel_to(MIDNIGHT_IN_NEW_YORK - timedelta(hours=2))
    ada = world.person(daily_limit=limit, hourly_limit=500, quiet_hours_enabled=False)
    evening, night = CountingSender(), CountingSender()
    before, after = MIDNIGHT_IN_NEW_YORK - timedelta(seconds=1), MIDNIGHT_IN_NEW_YORK
    messages = approved(world.connection, ada, 100, before)
    batches = [messages[start::WORKERS] for start in range(WORKERS)]
    run_workers(database_url, batches, evening, before)
    world.connection.execute("UPDATE message_queue SET status = 'approved' WHERE status = 'queued'")
    run_workers(database_url, batches, night, after)
    assert (evening.sent.total(), night.sent.total()) == (limit, limit)
    assert world.all(
        "SELECT date::text, messages_sent FROM user_message_budget WHERE messages_sent > 0 ORDER BY date"
    ) == [("2026-03-03", limit), ("2026-03-04", limit)]


def test_workers_keep_the_reserved_slot_and_the_three_texts_while_active(world: World, database_url: str) -> None:
    ada = world.person(daily_limit=5, hourly_limit=500)
    messages = approved(world.connection, ada, 100, world.now)
    world.connection.execute("UPDATE message_queue SET priority = 'medium', can_delay = false")
    sender = CountingSender()
    run_workers(database_url, [messages[start::WORKERS] for start in range(WORKERS)], sender, world.now)
    assert sender.sent.total() == 4, "one slot stays for what matters"
    world.says(ada, "more please")
    world.connection.execute("UPDATE message_queue SET status = 'approved' WHERE status = 'queued'")
    run_workers(database_url, [messages[start::WORKERS] for start in range(WORKERS)], sender, world.now)
    assert sender.sent.total() == 4 + 3


def test_workers_keep_the_six_texts_of_an_active_hour_and_the_twelve_of_a_day(world: World, database_url: str) -> None:
    ada = world.person(daily_limit=0, hourly_limit=0)
    messages = approved(world.connection, ada, 300, world.now)
    sender = CountingSender()
    totals = []
    for minutes in (0, 11, 11, 50, 11, 11, 50, 11):
        world.wait(minutes=minutes)
        world.says(ada, f"more please, {world.now:%H:%M}")
        world.connection.execute("UPDATE message_queue SET status = 'approved' WHERE status = 'queued'")
        run_workers(database_url, [messages[start::WORKERS] for start in range(WORKERS)], sender, world.now)
        totals.append(sender.sent.total())
    assert totals == [3, 6, 6, 9, 12, 12, 12, 12]
