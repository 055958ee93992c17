"""Lets a simulated population answer texts whose hour the real functions choose and learn, on a real database.

Real are: enqueue from the bodies on (the rules, the choice, its rows), everything that `learn` does each night at 10:30
UTC, and the database. Not real: SQS, and delivery and the inbound function, whose rows are written as they would leave
them, in one statement for each table and day. Each text leaves at its due time; no limit and no pace delays one.

`python -m bench.rhythm_database [PEOPLE] [DAYS] [SCENARIO] [SEED]`: the share of the possible lift, beside other senders.
`python -m bench.rhythm_database night [PEOPLE] [NEW]`: one night over many people, of whom something is new of a few.
`python -m bench.rhythm_database day [PEOPLE]`: how many of a million people's texts are due in the busiest minute.
"""

import json
import random
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing import Pool
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import Connection
from rich.console import Console

from bench.database import create_migrated_database, postgres_server
from bench.population import ZONES
from bench.rhythm import share, simulate
from bench.rhythm_contestants import (
    NIGHT,
    START,
    ZONE,
    Contestant,
    EpsilonGreedy,
    OwnHistogram,
    PopulationHour,
    SentText,
    ShrunkThompson,
    TenOClock,
)
from bench.rhythm_people import Scenario, SimulatedPerson, simulate_people
from orchestrator.aws.queues import QueueRecord
from orchestrator.intake.enqueue import enqueue
from orchestrator.maintenance.learn import LearnReport, learn
from orchestrator.messages import Lane
from orchestrator.people import AnswerHours, Person
from orchestrator.rules.answer_curves import StopCounts, fit_curves, learn_hours
from orchestrator.rules.answer_evidence import AnswerEvidence
from orchestrator.rules.answer_hours import choose_best_time
from orchestrator.rules.answer_week import HOURS, hour_of_week
from orchestrator.rules.hour_choice import draw_of
from orchestrator.rules.learned_hours import rates_to_bytes
from orchestrator.rules.state import MessageState
from orchestrator.settings import EnqueueSettings, LearnSettings, PolicySettings
from orchestrator.store import answer_hours as store

OUT = Path(".bench/rhythm")
BATCH = 1_000
# An answer comes so many minutes after its text, on average.
ANSWER_MINUTES = 40.0
NIGHT_OF_LEARN = timedelta(hours=5, minutes=30)  # 10:30 UTC in New York's winter
_CHUNK = 5_000


class DatabaseSender:
    """The product on a database, as one of the contestants: it publishes in the first minute of each day."""

    def __init__(self, url: str, connection: Connection, people: Sequence[SimulatedPerson], seed: int) -> None:
        self.nights: list[tuple[LearnReport, float]] = []
        self._url, self._connection, self._people = url, connection, people
        self._dice = random.Random(f"database {seed}")
        self._settings = EnqueueSettings(
            database_url=url,  # type: ignore[arg-type]  # pydantic makes a secret of it
            enqueue_queue_url="http://127.0.0.1:1/enqueue",
            enqueue_dlq_url="http://127.0.0.1:1/dlq",
            urgent_queue_url="http://127.0.0.1:1/urgent",
        )
        self._day = -1
        self._hours: dict[int, int] = {}
        self._due: dict[int, tuple[UUID, datetime]] = {}
        self._stopped: set[int] = set()
        self._texts: list[SentText] = []
        _add_people(connection, people)

    def choose(self, person: int, day: int, /) -> int:
        """The hour of the week at which the real rules let a person's text of the day leave."""
        if day != self._day:
            self._day = day
            self._publish(day)
        return self._hours[person]

    def record(self, text: SentText, /) -> None:
        """Remember what became of a text; it is written at the end of the day."""
        self._texts.append(text)
        if text.stopped:
            self._stopped.add(text.person)

    def end_day(self, day: int, /) -> None:
        """Write what delivery and the inbound function would have written, and run the real night."""
        _write_texts(self._connection, self._people, self._texts, self._due, self._dice)
        self._texts = []
        now = START + timedelta(days=day + 1) + NIGHT_OF_LEARN
        begun = time.monotonic()
        settings = LearnSettings(database_url=self._url)  # type: ignore[arg-type]  # as above
        report = learn(self._connection, settings, lambda: now.astimezone(UTC), lambda: 900.0)
        self.nights.append((report, time.monotonic() - begun))

    def _publish(self, day: int) -> None:
        """Enqueue the day's messages, and read when each is due."""
        midnight = START + timedelta(days=day)
        ends = midnight + timedelta(days=1)
        now = midnight.astimezone(UTC)
        wanted = [
            number
            for number, person in enumerate(self._people)
            if person.gets_text(day) and number not in self._stopped
        ]
        ids = {number: _id_at(now, self._dice) for number in wanted}
        for start in range(0, len(wanted), BATCH):
            records = [
                _record(self._people[number], ids[number], now, ends, day) for number in wanted[start : start + BATCH]
            ]
            report = enqueue(self._connection, records, self._settings, lambda: now)
            assert report.accepted.total() == len(records), report
        found = self._connection.execute(
            "SELECT id, coalesce(best_at, scheduled_for) FROM message_queue WHERE id = ANY (%s)", (list(ids.values()),)
        )
        due: dict[UUID, datetime] = dict(found.fetchall())
        opens = datetime.combine(midnight.date(), NIGHT.end, ZONE)
        self._due = {number: (ids[number], max(due[ids[number]], opens)) for number in wanted}
        self._hours = {number: hour_of_week(at.astimezone(ZONE)) for number, (_, at) in self._due.items()}


def _add_people(connection: Connection, people: Sequence[SimulatedPerson]) -> None:
    ids = [person.id for person in people]
    connection.execute(
        "INSERT INTO users (id, phone_number, timezone)"
        " SELECT id, '+1212' || (2000000 + place)::text, %s FROM unnest(%s::uuid[]) WITH ORDINALITY AS p (id, place)",
        (ZONE.key, ids),
    )
    connection.execute("INSERT INTO conversations (id, user_id, phone_number) SELECT id, id, phone_number FROM users")
    connection.execute("ANALYZE users")


def _record(person: SimulatedPerson, message_id: UUID, now: datetime, ends: datetime, day: int) -> QueueRecord:
    body = {
        "message_id": str(message_id),
        "user_id": str(person.id),
        "agent_id": "bench_agent",
        "message_data": {"type": "question", "message": f"How was day {day}?"},
        "priority": "medium",
        "expects_reply": True,
        "expires_at": ends.isoformat(),
    }
    name = str(message_id)
    return QueueRecord(name, name, "none", json.dumps(body), now, now, now, "AIDAEXAMPLE", 1, "enqueue")


def _write_texts(
    connection: Connection,
    people: Sequence[SimulatedPerson],
    texts: Sequence[SentText],
    due: dict[int, tuple[UUID, datetime]],
    dice: random.Random,
) -> None:
    """Write the attempts of a day, and the answers and STOPs to them, in one statement for each table."""
    sent = [(people[text.person].id, *due[text.person]) for text in texts]
    attempts = sorted((_id_at(at, dice), message_id, user_id, at) for user_id, message_id, at in sent)
    answers = [
        (user_id, message_id, at + timedelta(minutes=min(dice.expovariate(1 / ANSWER_MINUTES), 1_200)))
        for text, (user_id, message_id, at) in zip(texts, sent, strict=True)
        if text.answered and not text.stopped
    ]
    stops = [
        (user_id, at + timedelta(minutes=5)) for text, (user_id, _, at) in zip(texts, sent, strict=True) if text.stopped
    ]
    with connection.transaction():
        connection.execute(
            "INSERT INTO orchestrator.attempts (id, message_id, user_id, conversation_id, phone_number, fingerprint,"
            " local_date, holds_slot, started_at, outcome, zone) SELECT a.id, a.message_id, a.user_id, a.user_id, '', '',"
            " (a.at AT TIME ZONE %s)::date, true, a.at, 'accepted', %s"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS a (id, message_id, user_id, at)",
            (ZONE.key, ZONE.key, *_columns(attempts, 4)),
        )
        connection.execute(
            "UPDATE message_queue m SET status = 'sent', reason = NULL, sent_at = a.at"
            "  FROM unnest(%s::uuid[], %s::timestamptz[]) AS a (id, at) WHERE m.id = a.id",
            _columns([(message_id, at) for _, message_id, at in sent], 2),
        )
        inbound = [(_id_at(at, dice), user_id, message_id, at) for user_id, message_id, at in answers]
        connection.execute(
            "INSERT INTO messages (id, conversation_id, user_id, role, content, direction, status, created_at)"
            " SELECT id, user_id, user_id, 'user', 'Fine', 'inbound', 'received', at"
            "   FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS a (id, user_id, message_id, at)",
            _columns(inbound, 4),
        )
        connection.execute(
            "INSERT INTO orchestrator.readings (inbound_id, user_id, phone_number, kind, judged_by, received_at, in_reply_to)"
            " SELECT id, user_id, '', 'conversation', 'claude', at, message_id"
            "   FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS a (id, user_id, message_id, at)",
            _columns(inbound, 4),
        )
        connection.execute(
            "INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at, stored_at)"
            " SELECT u.phone_number, u.id, 'keyword', s.at, s.at"
            "   FROM unnest(%s::uuid[], %s::timestamptz[]) AS s (user_id, at) JOIN users u ON u.id = s.user_id",
            _columns(stops, 2),
        )


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[place] for row in rows] for place in range(width)]


def _id_at(moment: datetime, dice: random.Random) -> UUID:
    """A version 7 id of a moment, from a seed."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | dice.getrandbits(12) << 64 | 0x2 << 62 | dice.getrandbits(62))


# The population ---------------------------------------------------------------------------------------------------------


def run(count: int, days: int, scenario: Scenario, seed: int, console: Console) -> dict[str, object]:
    """Let the product on a database, and other senders in memory, text one population; returns the figures."""
    people = simulate_people(count, seed, scenario)
    with postgres_server() as server:
        url = create_migrated_database(server, "rhythm")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")  # the disk is not what is measured
            sender = DatabaseSender(url, connection, people, seed)
            contestants: dict[str, Contestant] = {
                "10:00": TenOClock(),
                "population's best hour": PopulationHour(count, random.Random(f"contestant {seed}")),
                "own histogram": OwnHistogram(count, random.Random(f"contestant {seed}")),
                "epsilon-greedy": EpsilonGreedy(count, random.Random(f"contestant {seed}")),
                "Thompson, shrunk": ShrunkThompson(count, random.Random(f"contestant {seed}")),
                "learned, on a database": sender,
            }
            spans = [(first, min(first + 30, days)) for first in range(0, days, 30)]
            shares: dict[str, list[float]] = {}
            for name, contestant in contestants.items():
                begun = time.monotonic()
                tally = simulate(contestant, people, seed, days)
                of_days = tally.weekly if scenario is Scenario.WEEKLY else tally.all
                shares[name] = [share(of_days, *span) for span in spans]
                cells = "  ".join(f"{value:6.2f}" for value in shares[name])
                console.print(f"{name:24} {cells}  {time.monotonic() - begun:5.0f} s")
            kinds = connection.execute("SELECT best_kind, count(*) FROM message_queue GROUP BY 1").fetchall()
            learned = [(row.arm, row.people, row.texts, row.answers, row.stops) for row in _results(connection)]
            size = connection.execute("SELECT pg_total_relation_size('orchestrator.answer_hours')").fetchone()
    longest = max(seconds for _, seconds in sender.nights)
    left = sum(report.left for report, _ in sender.nights)
    figures = {
        "people": count,
        "days": days,
        "scenario": scenario,
        "seed": seed,
        "shares": shares,
        "kinds": {str(kind): number for kind, number in kinds},
        "results": learned,
        "longest night, s": round(longest, 1),
        "nights that left something": left,
        "bytes of answer_hours a person": size[0] / count if size else None,
    }
    console.print_json(json.dumps({name: value for name, value in figures.items() if name != "shares"}))
    return figures


def _results(connection: Connection) -> list[store.ArmResult]:
    return [row for row in store.read_answer_results(connection, "9999") if row.period == "all"]


# One night over many people -----------------------------------------------------------------------------------------------


def measure_night(count: int, new: int, console: Console) -> dict[str, object]:
    """Measure one night over `count` people, of whom `new` have a text that counts since the night before."""
    now = START.astimezone(UTC) + timedelta(days=30)
    with postgres_server() as server:
        url = create_migrated_database(server, "night")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET synchronous_commit = off")
            for place in range(0, count, 50_000):
                _add_learned_people(connection, place, min(50_000, count - place), now)
                console.print(f"{place + 50_000:,} people", end="\r")
            _add_new_texts(connection, new, now)
            connection.execute("VACUUM ANALYZE")
        output = subprocess.run(
            [sys.executable, "-m", "bench.rhythm_database", "one-night", url, now.isoformat()],
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
    texts = [(user_id, _id_at(at, dice), at) for user_id in ids]
    connection.execute(
        "INSERT INTO message_queue (id, user_id, agent_id, message_data, scheduled_for, priority, status, accepted_at,"
        " created_at, best_at, best_kind, best_probability, expects_reply)"
        " SELECT id, user_id, 'bench', '{\"type\": \"question\"}', at, 'medium', 'sent', at, at, at, 'learned', 0.5, true"
        "   FROM unnest(%s::uuid[], %s::uuid[], %s::timestamptz[]) AS t (user_id, id, at)",
        _columns(texts, 3),
    )
    connection.execute(
        "INSERT INTO conversations (id, user_id, phone_number) SELECT id, id, phone_number FROM users"
        " WHERE id = ANY (%s) ON CONFLICT DO NOTHING",
        (ids,),
    )
    people = [SimulatedPerson(user_id, (0.3,) * HOURS, 7) for user_id in ids]
    sent = [SentText(place, 0, 10, dice.random() < 0.3, stopped=False) for place in range(len(ids))]
    due = {place: (message_id, when) for place, (_, message_id, when) in enumerate(texts)}
    _write_texts(connection, people, sent, due, dice)


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
        message_id = _id_at(now, dice)
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
            size, days, scenario, seed = (*arguments, *("200", "14", "daily", "1")[len(arguments) :])
            name = f"database-{scenario}-{size}x{days}-{seed}"
            figures = run(int(size), int(days), Scenario(scenario), int(seed), console)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(figures, indent=2, default=str) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
