"""A day of a million people through the real policy code, on paper time: what each minute has to carry, and what pacing makes of it.

`python -m bench.population [PEOPLE]`
"""

import heapq
import multiprocessing
import random
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table

from bench.report import line
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.decision import Hold, Send, decide
from orchestrator.rules.first_due import first_due
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings

OUT = Path("docs/performance")
START = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)  # Tuesday, midnight in New York
DAY, MINUTE = 24 * 60, timedelta(minutes=1)
# Where people live, about as the United States do.
ZONES = {
    "America/New_York": 47,
    "America/Chicago": 29,
    "America/Denver": 7,
    "America/Los_Angeles": 16,
    "Pacific/Honolulu": 1,
}
LANES = {Lane.URGENT: 3, Lane.HIGH: 27, Lane.MEDIUM: 50, Lane.LOW: 20}
# Messages for one person on the day.
MESSAGES = {0: 30, 1: 40, 2: 20, 3: 10}
CHUNK = 5_000


def simulate(seed: int, people: int) -> tuple[Counter[int], Counter[int], Counter[str], int]:
    """So many people's day: texts that may go by the minute, without and with urgent ones; holds by reason; messages."""
    dice = random.Random(seed)
    policy = PolicySettings()
    ordinary: Counter[int] = Counter()
    urgent: Counter[int] = Counter()
    held: Counter[str] = Counter()
    messages = 0
    for place in range(people):
        zone = dice.choices(list(ZONES), list(ZONES.values()))[0]
        person = Person(UUID(int=place + 1), "+12125550101", timezone=zone)
        waiting: list[tuple[datetime, int, MessageState]] = []
        for number in range(dice.choices(list(MESSAGES), list(MESSAGES.values()))[0]):
            messages += 1
            published = START + dice.random() * timedelta(days=1)
            lane = dice.choices(list(LANES), list(LANES.values()))[0]
            message = MessageState(
                lane=lane,
                can_delay=lane is not Lane.URGENT,
                due=published,
                not_before=None,
                expires_at=published + timedelta(days=7),
                accepted_at=published,
                spread=dice.random(),
            )
            due, reason = first_due(message, person, policy, published)
            if reason is not None:
                held[reason] += 1
                message = replace(message, best_at=due)
            heapq.heappush(waiting, (due, number, message))
        while waiting:
            due, number, message = heapq.heappop(waiting)
            verdict = decide(replace(message, due=due), person, paused=False, policy=policy, now=due)
            match verdict:
                case Send(local_date=day):
                    minute = int((due - START) / MINUTE)
                    (urgent if message.lane is Lane.URGENT else ordinary)[minute] += 1
                    recent = (*(sent for sent in person.recent_sends if sent > due - timedelta(hours=1)), due)
                    sent_by_day = {**person.sent_by_day, day: person.sent_by_day.get(day, 0) + 1}
                    person = replace(person, recent_sends=recent, sent_by_day=sent_by_day)
                case Hold(until, reason):
                    held[reason] += 1
                    heapq.heappush(waiting, (max(until, due + timedelta(seconds=1)), number, message))
    return ordinary, urgent, held, messages


def paced(load: Counter[int], per_second: float, minutes: int) -> tuple[list[int], list[float]]:
    """Texts that leave in each minute at the sender's pace, and the seconds that what leaves last has waited for it."""
    room = int(per_second * 60)
    backlog = 0
    leaves, waits = [], []
    for minute in range(minutes):
        backlog += load[minute]
        gone = min(backlog, room)
        backlog -= gone
        leaves.append(gone)
        waits.append(backlog / per_second)
    return leaves, waits


def main(people: int) -> None:
    """Simulate, and show what the minutes carry."""
    console = Console()
    started = time.monotonic()
    chunks = [(seed, min(CHUNK, people - first)) for seed, first in enumerate(range(0, people, CHUNK))]
    ordinary: Counter[int] = Counter()
    urgent: Counter[int] = Counter()
    held: Counter[str] = Counter()
    messages = 0
    with multiprocessing.Pool() as pool:
        for one, other, holds, number in pool.starmap(simulate, chunks):
            ordinary += one
            urgent += other
            held += holds
            messages += number
    minutes = DAY + 12 * 60  # what the night holds goes the next morning
    # Twice what the day needs on average, in the 13 hours in which people may be texted.
    pace = messages / (13 * 3600) * 2
    leaves, waits = paced(ordinary, pace, minutes)
    table = Table(
        "New York",
        "may go, busiest minute",
        "leaves, busiest minute",
        "waits for the pace, at most, s",
        title_justify="left",
    )
    table.title = f"{people:,} people, {messages:,} messages of one day, a pace of {pace:.0f} a second"
    for hour in range(minutes // 60):
        span = range(hour * 60, hour * 60 + 60)
        most = max(ordinary[minute] for minute in span)
        if most:
            clock = f"{'next day ' if hour >= 24 else ''}{hour % 24:02}:00"
            table.add_row(
                clock, f"{most:,}", f"{max(leaves[m] for m in span):,}", f"{max(waits[m] for m in span):,.0f}"
            )
    console.print(table)
    console.print(f"Held: {', '.join(f'{reason} {number:,}' for reason, number in held.most_common())}.")
    busiest, _ = max(ordinary.items(), key=lambda entry: entry[1])
    console.print(
        f"Busiest minute {busiest // 60 % 24:02}:{busiest % 60:02} in New York: {ordinary[busiest]:,} may go, {leaves[busiest]:,} leave. "
        f"Urgent texts are never paced: {max(urgent.values()):,} in their busiest minute. {time.monotonic() - started:.0f} s."
    )
    OUT.mkdir(parents=True, exist_ok=True)
    series = {"may go": [float(ordinary[m]) for m in range(minutes)], "leaves, at the pace": [float(x) for x in leaves]}
    ticks = {hour * 60: f"{hour % 24:02}:00" for hour in range(0, minutes // 60, 4)}
    (OUT / "population.svg").write_text(line(f"{people:,} people: texts by the minute, New York time", series, ticks))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
