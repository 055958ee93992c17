"""Lets a simulated population answer texts whose hour the real functions choose and learn, on a real database.

Real are: enqueue from the bodies on (the rules, the choice, its rows), everything that `learn` does each night at 10:30
UTC, and the database. Not real: SQS, and delivery and the inbound function, whose rows are written as they would leave
them, in one statement for each table and day. Each text leaves at its due time; no limit and no pace delays one. The
first days go at 10:00, because nothing is known.

`python -m bench.rhythm_database [PEOPLE] [DAYS] [SCENARIO] [SEED]`: the share of the possible lift, beside other senders.
"""

import json
import random
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from psycopg import Connection
from rich.console import Console

from bench.database import create_migrated_database, postgres_server
from bench.rhythm import OUT, share, simulate
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
from orchestrator.rules.answer_week import hour_of_week
from orchestrator.settings import EnqueueSettings, LearnSettings
from orchestrator.store import answer_hours as store

BATCH = 1_000
# An answer comes so many minutes after its text, on average.
ANSWER_MINUTES = 40.0
NIGHT_OF_LEARN = timedelta(hours=5, minutes=30)  # 10:30 UTC in New York's winter


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
        write_texts(self._connection, self._people, self._texts, self._due, self._dice)
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
        ids = {number: id_at(now, self._dice) for number in wanted}
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


def write_texts(
    connection: Connection,
    people: Sequence[SimulatedPerson],
    texts: Sequence[SentText],
    due: dict[int, tuple[UUID, datetime]],
    dice: random.Random,
) -> None:
    """Write the attempts of a day, and the answers and STOPs to them, in one statement for each table."""
    sent = [(people[text.person].id, *due[text.person]) for text in texts]
    attempts = sorted((id_at(at, dice), message_id, user_id, at) for user_id, message_id, at in sent)
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
            (ZONE.key, ZONE.key, *columns_of(attempts, 4)),
        )
        connection.execute(
            "UPDATE message_queue m SET status = 'sent', reason = NULL, sent_at = a.at"
            "  FROM unnest(%s::uuid[], %s::timestamptz[]) AS a (id, at) WHERE m.id = a.id",
            columns_of([(message_id, at) for _, message_id, at in sent], 2),
        )
        inbound = [(id_at(at, dice), user_id, message_id, at) for user_id, message_id, at in answers]
        connection.execute(
            "INSERT INTO messages (id, conversation_id, user_id, role, content, direction, status, created_at)"
            " SELECT id, user_id, user_id, 'user', 'Fine', 'inbound', 'received', at"
            "   FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS a (id, user_id, message_id, at)",
            columns_of(inbound, 4),
        )
        connection.execute(
            "INSERT INTO orchestrator.readings (inbound_id, user_id, phone_number, kind, judged_by, received_at, in_reply_to)"
            " SELECT id, user_id, '', 'conversation', 'claude', at, message_id"
            "   FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[]) AS a (id, user_id, message_id, at)",
            columns_of(inbound, 4),
        )
        connection.execute(
            "INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at, stored_at)"
            " SELECT u.phone_number, u.id, 'keyword', s.at, s.at"
            "   FROM unnest(%s::uuid[], %s::timestamptz[]) AS s (user_id, at) JOIN users u ON u.id = s.user_id",
            columns_of(stops, 2),
        )


def columns_of(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """The columns of rows that have this many."""
    return [[row[place] for row in rows] for place in range(width)]


def id_at(moment: datetime, dice: random.Random) -> UUID:
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


def main(people: str = "200", days: str = "14", scenario: str = "daily", seed: str = "1") -> int:
    """Run one population, and write its figures."""
    figures = run(int(people), int(days), Scenario(scenario), int(seed), Console(width=140, highlight=False))
    OUT.mkdir(parents=True, exist_ok=True)
    name = f"database-{scenario}-{people}x{days}-{seed}.json"
    (OUT / name).write_text(json.dumps(figures, indent=2, default=str) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
