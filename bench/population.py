"""Simulates a day of a million people with the real rules: texts that may go in each minute, and the effect of pacing.

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

from bench.report import line_plot
from orchestrator.jurisdictions import read_law
from orchestrator.messages import Lane
from orchestrator.people import Person
from orchestrator.rules.decision import decide
from orchestrator.rules.decision_values import Hold, Send
from orchestrator.rules.first_due import first_due
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings

OUT = Path("docs/performance")
START = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)  # Tuesday, midnight in New York
DAY, MINUTE = 24 * 60, timedelta(minutes=1)
# Where people live: about the shares of the United States, in per cent.
ZONES = {
    "America/New_York": 47,
    "America/Chicago": 29,
    "America/Denver": 7,
    "America/Los_Angeles": 16,
    "Pacific/Honolulu": 1,
}
# The lane of a message, in per cent.
LANES = {Lane.URGENT: 3, Lane.HIGH: 27, Lane.MEDIUM: 50, Lane.LOW: 20}
# How many messages a person gets on the day, in per cent of the people.
MESSAGES = {0: 30, 1: 40, 2: 20, 3: 10}
# People that one process simulates at a time.
CHUNK = 5_000


def simulate(seed: int, people: int) -> tuple[Counter[int], Counter[int], Counter[str], int]:
    """Simulate the day of some people.

    Args:
        seed: of the random numbers.
        people: how many.

    Returns:
        Ordinary texts by the minute in which they may go, urgent texts likewise, holds by reason, and messages in all.
    """
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
            decision = decide(replace(message, due=due), person, paused=False, policy=policy, law=read_law(), now=due)
            match decision:
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


def apply_pace(load: Counter[int], per_second: float, minutes: int) -> tuple[list[int], list[float]]:
    """Send the texts that may go at the sender's pace.

    Returns:
        For each minute the texts that are sent, and the seconds that the last of the backlog still waits.
    """
    per_minute = int(per_second * 60)
    backlog = 0
    sends, waits = [], []
    for minute in range(minutes):
        backlog += load[minute]
        sent = min(backlog, per_minute)
        backlog -= sent
        sends.append(sent)
        waits.append(backlog / per_second)
    return sends, waits


def main(people: int) -> None:
    """Simulate the day in several processes, print the hours as a table, and write the plot."""
    console = Console()
    started = time.monotonic()
    chunks = [(seed, min(CHUNK, people - first)) for seed, first in enumerate(range(0, people, CHUNK))]
    ordinary: Counter[int] = Counter()
    urgent: Counter[int] = Counter()
    held: Counter[str] = Counter()
    messages = 0
    with multiprocessing.Pool() as pool:
        for chunk_ordinary, chunk_urgent, chunk_held, chunk_messages in pool.starmap(simulate, chunks):
            ordinary += chunk_ordinary
            urgent += chunk_urgent
            held += chunk_held
            messages += chunk_messages
    minutes = DAY + 12 * 60  # messages that the night holds go the next morning
    # Twice the average of the 13 hours a day outside quiet hours.
    pace = messages / (13 * 3600) * 2
    sends, waits = apply_pace(ordinary, pace, minutes)
    table = Table(
        "New York",
        "may go, busiest minute",
        "sent, busiest minute",
        "longest wait for the pace, s",
        title_justify="left",
    )
    table.title = f"{people:,} people, {messages:,} messages of one day, a pace of {pace:.0f} a second"
    for hour in range(minutes // 60):
        span = range(hour * 60, hour * 60 + 60)
        most = max(ordinary[minute] for minute in span)
        if most:
            clock = f"{'next day ' if hour >= 24 else ''}{hour % 24:02}:00"
            table.add_row(clock, f"{most:,}", f"{max(sends[m] for m in span):,}", f"{max(waits[m] for m in span):,.0f}")
    console.print(table)
    console.print(f"Held: {', '.join(f'{reason} {number:,}' for reason, number in held.most_common())}.")
    busiest, _ = max(ordinary.items(), key=lambda entry: entry[1])
    console.print(
        f"Busiest minute {busiest // 60 % 24:02}:{busiest % 60:02} in New York: "
        f"{ordinary[busiest]:,} may go, {sends[busiest]:,} are sent. "
        f"Urgent texts have no pace: {max(urgent.values()):,} in their busiest minute. "
        f"{time.monotonic() - started:.0f} s."
    )
    OUT.mkdir(parents=True, exist_ok=True)
    series = {
        "may go": [float(ordinary[m]) for m in range(minutes)],
        "sent at the pace": [float(sent) for sent in sends],
    }
    ticks = {hour * 60: f"{hour % 24:02}:00" for hour in range(0, minutes // 60, 4)}
    (OUT / "population.svg").write_text(
        line_plot(f"{people:,} people: texts by the minute, New York time", series, ticks)
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
