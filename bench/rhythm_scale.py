"""Measures `learn` at size: one night over a million people, and the busiest minute of a million texts.

`python -m bench.rhythm_scale night [PEOPLE] [NEW]`: one night over many people, of whom something is new of a few.
`python -m bench.rhythm_scale day [PEOPLE]`: texts that are due in the busiest minute, at 10:00 and at learned hours.
"""

import json
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from multiprocessing import Pool
from uuid import UUID

import psycopg
from psycopg import Connection
from rich.console import Console

from bench.database import create_migrated_database, postgres_server
from bench.population import ZONES
from bench.rhythm import OUT
from bench.rhythm_contestants import NIGHT, START, ZONE, SentText
from bench.rhythm_database import columns_of, id_at, write_texts
from bench.rhythm_people import Scenario, SimulatedPerson, simulate_people
from orchestrator.maintenance.learn import learn
from orchestrator.messages import Lane
from orchestrator.people import AnswerHours, Person
from orchestrator.rules.answer_curves import StopCounts, fit_curves, learn_hours
from orchestrator.rules.answer_evidence import AnswerEvidence
from orchestrator.rules.answer_hours import choose_best_time
from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.hour_choice import draw_of
from orchestrator.rules.learned_hours import rates_to_bytes
from orchestrator.rules.state import MessageState
from orchestrator.settings import LearnSettings, PolicySettings

# People whose hours one statement of the set-up writes, and that one process simulates at a time.
_LOADED, _CHUNK = 50_000, 5_000


# One night over many people -----------------------------------------------------------------------------------------------


def measure_night(count: int, new: int, console: Console) -> dict[str, object]:
    """Measure one night over `count` people, of whom `new` have a text that counts since the night before."""
    now = START.astimezone(UTC) + timedelta(days=30)
    with postgres_server() as server:
        url = create_migrated_database(server, "night")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            for place in range(0, count, _LOADED):
                _add_learned_people(connection, place, min(_LOADED, count - place), now)
                console.print(f"{place + _LOADED:,} people", end="\r")
            _add_new_texts(connection, new, now)
            connection.execute("VACUUM ANALYZE")
        output = subprocess.run(
            [sys.executable, "-m", "bench.rhythm_scale", "one-night", url, now.isoformat()],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    figures: dict[str, object] = {"people": count, "new": new, **json.loads(output)}
    console.print_json(json.dumps(figures))
    return figures


def one_night(url: str, at: str) -> None:
    """Run one night in this process, and print what it took."""
    with psycopg.connect(url, autocommit=True) as connection:
        begun, processor = time.monotonic(), time.process_time()
        settings = LearnSettings(database_url=url)  # type: ignore[arg-type]  # pydantic makes a secret of it
        report = learn(connection, settings, lambda: datetime.fromisoformat(at), lambda: 900.0)
        figures = {
            "seconds": round(time.monotonic() - begun, 1),
            "seconds of Python": round(time.process_time() - processor, 1),
            "peak memory, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "texts": report.texts.total(),
            "people learned": report.people,
            "fitted": report.fitted,
            "left": report.left,
        }
    print(json.dumps(figures))


def _add_learned_people(connection: Connection, first: int, count: int, now: datetime) -> None:
    """People with evidence of a month, whose hours were learned the night before."""
    dice = random.Random(first)
    rows = []
    for place in range(first, first + count):
        peak, level = dice.choice((9, 13, 18, 20)), 0.3 * dice.random()
        hours = sorted(dice.sample([*range(8, 21), *range(32, 45)], 8))
        texts = [float(dice.randint(1, 5)) for _ in hours]
        answers = [
            float(
                min(sum(dice.random() < level * (2.5 if abs(hour % 24 - peak) < 3 else 0.5) for _ in range(int(n))), n)
            )
            for hour, n in zip(hours, texts, strict=True)
        ]
        rows.append((UUID(int=dice.getrandbits(128)), f"+1{2_122_000_000 + place}", hours, texts, answers))
    with connection.cursor() as cursor:
        with cursor.copy("COPY users (id, phone_number, timezone) FROM STDIN") as copy:
            for user_id, number, *_ in rows:
                copy.write_row((user_id, number, ZONE.key))
        with cursor.copy(
            "COPY orchestrator.answer_hours (user_id, hours, texts, answers, as_of, learned, sure, learned_at) FROM STDIN"
        ) as copy:
            for user_id, _, hours, texts, answers in rows:
                copy.write_row((user_id, hours, texts, answers, now - timedelta(days=1), bytes(98), 0.5, now))


def _add_new_texts(connection: Connection, new: int, now: datetime) -> None:
    """Texts at 10:00 to some people, two days ago, of which a third was answered."""
    dice = random.Random("new texts")
    at = now - timedelta(days=2)
    connection.execute(
        "INSERT INTO conversations (id, user_id, phone_number) SELECT id, id, phone_number FROM users LIMIT 1"
    )
    ids = [
        user_id for (user_id,) in connection.execute("SELECT id FROM users TABLESAMPLE SYSTEM (10) LIMIT %s", (new,))
    ]
    texts = [(user_id, id_at(at, dice), at) for user_id in ids]
    connection.execute(
        "INSERT INTO message_queue (id, user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at,"
        " created_at, best_at, best_kind, best_probability, expects_reply)"
        " SELECT id, user_id, 'bench', '{\"type\": \"question\"}', at, 'medium', 'sent', at, at, at, 'learned', 0.5, true"
        "   FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS t (user_id, id, at)",
        columns_of(texts, 3),
    )
    connection.execute(
        "INSERT INTO conversations (id, user_id, phone_number) SELECT id, id, phone_number FROM users"
        " WHERE id = ANY (%s) ON CONFLICT DO NOTHING",
        (ids,),
    )
    people = [SimulatedPerson(user_id, (0.3,) * HOURS, 7) for user_id in ids]
    sent = [SentText(place, 0, 10, dice.random() < 0.3, stopped=False) for place in range(len(ids))]
    due = {place: (message_id, when) for place, (_, message_id, when) in enumerate(texts)}
    write_texts(connection, people, sent, due, dice)


# The day of a million people ----------------------------------------------------------------------------------------------


def measure_day(count: int, console: Console) -> dict[str, object]:
    """Compare the busiest minute of one text to each of many people, at the usual hour and at learned hours."""
    chunks = [(seed, min(_CHUNK, count - first)) for seed, first in enumerate(range(0, count, _CHUNK))]
    usual: Counter[int] = Counter()
    learned: Counter[int] = Counter()
    begun = time.monotonic()
    with Pool() as pool:
        for of_usual, of_learned in pool.starmap(_due_minutes, chunks):
            usual += of_usual
            learned += of_learned
    figures = {"people": count, "usual": _busiest(usual), "learned": _busiest(learned)}
    for name, minutes in (("10:00", usual), ("learned", learned)):
        minute, number = max(minutes.items(), key=lambda entry: entry[1])
        console.print(
            f"{name:8} busiest minute {minute // 60:02}:{minute % 60:02} in New York: {number:,} of {count:,}"
        )
    console.print(f"{time.monotonic() - begun:.0f} s")
    return figures


def _due_minutes(seed: int, count: int) -> tuple[Counter[int], Counter[int]]:
    """When the texts of some people are due that are published at midnight in New York, by minute of its day."""
    dice = random.Random(f"day {seed}")
    people = simulate_people(count, seed, Scenario.DAILY)
    evidence = [_month_of(person, dice) for person in people]
    curves = fit_curves(
        [_month_of(person, dice) for person in simulate_people(2_000, 1, Scenario.DAILY)], None, StopCounts()
    )
    assert curves is not None
    stops, population = rates_to_bytes(curves.stops), learn_hours(None, curves).to_bytes()
    policy = PolicySettings()
    counts: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    begins = START + timedelta(days=29)  # a Tuesday
    now = begins.astimezone(UTC)
    for person, known in zip(people, evidence, strict=True):
        zone = dice.choices(list(ZONES), list(ZONES.values()))[0]
        message_id = id_at(now, dice)
        message = MessageState(
            lane=Lane.MEDIUM,
            can_delay=True,
            due=now,
            not_before=None,
            expires_at=now + timedelta(days=7),
            accepted_at=now,
            spread=message_id.int % 997 / 997,
            draw=draw_of(message_id),
        )
        hours = learn_hours(known, curves)
        stored = AnswerHours(hours.to_bytes(), hours.sure, population, stops)
        for counter, answer_hours in zip(counts, (AnswerHours(), stored), strict=True):
            someone = Person(person.id, "+12125550101", timezone=zone, answer_hours=answer_hours)
            best = choose_best_time(message, someone, NIGHT, policy, now)
            counter[int((best.at - now) / timedelta(minutes=1))] += 1
    return counts


def _month_of(person: SimulatedPerson, dice: random.Random) -> AnswerEvidence:
    """What a month of a text a day at any hour shows of a person."""
    texts, answers = [0.0] * HOURS, [0.0] * HOURS
    for day in range(30):
        hour = dice.randrange(8, 21) + 24 * (day % 7 >= 5)
        texts[hour] += 1
        answers[hour] += dice.random() < person.rates[hour]
    return AnswerEvidence(tuple(texts), tuple(answers), START)


def _busiest(minutes: Counter[int]) -> dict[str, int]:
    minute, number = max(minutes.items(), key=lambda entry: entry[1])
    return {"minute": minute, "texts": number}


def main(*arguments: str) -> int:
    """Run what the arguments name."""
    console = Console(width=140, highlight=False)
    match arguments:
        case ("one-night", url, at):
            one_night(url, at)
            return 0
        case ("night", *numbers):
            count, new = (*map(int, numbers), *(1_000_000, 20_000)[len(numbers) :])
            name, figures = f"night-{count}", measure_night(count, new, console)
        case ("day", *numbers):
            count = int(numbers[0]) if numbers else 1_000_000
            name, figures = f"day-{count}", measure_day(count, console)
        case _:
            console.print(__doc__, markup=False)
            return 2
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
