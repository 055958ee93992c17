"""Sixteen agents in loops for a day: each publishes again after every answer, whatever it is told (R1 to R4, R14).

`LOOPING_AGENTS` is the size: people, and minutes between two tries of an agent; `2x120`, or `10x10` (CI).
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg.rows import class_row

from orchestrator.ids import uuid7
from orchestrator.rules.local_time import local_date, start_of_day
from orchestrator.rules.same_words import SAME_FOR, fold_words
from orchestrator.rules.unanswered import MOST_A_DAY, refuse_another
from orchestrator.store.unanswered import count_unanswered_texts
from tests.world import World

PEOPLE, EVERY_MINUTES = (int(size) for size in os.environ.get("LOOPING_AGENTS", "2x120").split("x"))
ZONE = ZoneInfo("America/New_York")
MIDNIGHT = datetime(2026, 3, 3, tzinfo=ZONE)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANSWERS = {10: "Who is this?", 12: "Not now", 16: "I said not now", 22: "Good night"}
OPENINGS = (
    "Shall I introduce you to Acme?",
    "Would you like to meet Acme?",
    "May Acme call you?",
    "Acme wants to talk.",
)

# What an agent says on its n-th try.
Words = Callable[[int], dict[str, object]]


def _always(words: str) -> Words:
    return lambda _n: {"type": "intro", "message": words}


def _paraphrase(agent: int) -> Words:
    return lambda n: {"type": "intro", "message": f"{OPENINGS[n % 4]} ({agent}.{n})"}


def _shout(n: int) -> dict[str, object]:
    return {"type": "intro", "message": OPENINGS[1].upper() if n % 2 else f" {OPENINGS[1]}\n"}


def _data(_n: int) -> dict[str, object]:
    return {"type": "summary", "stats": {"intros": 2}}


AGENTS: dict[str, Words] = {
    # Verbatim: four agents with the same words, and two with words of their own.
    **{f"same_{number}": _always(OPENINGS[0]) for number in range(4)},
    **{f"own_{number}": _always(f"This is agent {number}") for number in range(2)},
    # The same data, which Claude puts into words.
    **{f"data_{number}": _data for number in range(2)},
    # Other spellings of the same words.
    **{f"shout_{number}": _shout for number in range(2)},
    # Paraphrases: other words on each try.
    **{f"other_{number}": _paraphrase(number) for number in range(6)},
}


@dataclass(frozen=True)
class Sent:
    """A text that went."""

    user_id: UUID
    agent_id: str
    words: str
    at: datetime
    active_since: datetime | None


def test_sixteen_agents_in_loops_text_a_person_within_every_limit(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    assert len(AGENTS) == 16
    world.travel_to(MIDNIGHT)
    people = {
        f"p{number}": world.person(f"p{number}", phone=f"+12125550{110 + number}", timezone=str(ZONE))
        for number in range(PEOPLE)
    }
    tries: Counter[tuple[str, str]] = Counter()
    refused = 0
    answered: list[tuple[UUID, datetime]] = []
    while world.now < MIDNIGHT + DAY:
        for name, user_id in people.items():
            refused += _agents_try(world, name, user_id, tries)
        for _ in range(3):  # one minute after the other, so that what is held a little goes, too
            world.minute()
            world.phones.callbacks.clear()
            world.wait(minutes=1)
        local = world.now.astimezone(ZONE)
        if local.hour in ANSWERS and (local - timedelta(minutes=EVERY_MINUTES)).hour != local.hour:
            for number, user_id in enumerate(people.values()):
                world.writes(ANSWERS[local.hour], phone=f"+12125550{110 + number}")
                answered.append((user_id, world.now))
                world.deliver()
        world.wait(minutes=EVERY_MINUTES - 3)

    published = sum(tries.values())
    sent = _sent(world)
    assert len(sent) >= 8 * PEOPLE, "the agents do reach the people"
    _check_words(sent)
    _check_limits(sent)
    _check_unanswered(sent, answered)
    _check_reasons(world, published)
    reasons = dict(world.all("SELECT coalesce(reason, status), count(*) FROM message_queue GROUP BY 1"))
    record_property("looping agents", f"{published} published, {refused} refused by the tools' rule, {reasons}")


def _agents_try(world: World, name: str, user_id: UUID, tries: Counter[tuple[str, str]]) -> int:
    """Let each agent publish for a person, as a tool of a model does; returns how many were refused."""
    refused = 0
    bodies = []
    for agent_id, words in AGENTS.items():
        began_at = start_of_day(world.now, ZONE)
        unanswered = count_unanswered_texts(world.connection, user_id, agent_id, began_at, world.now)
        if reason := refuse_another(unanswered):
            assert "Do not try again" in reason
            refused += 1
            continue
        tries[name, agent_id] += 1
        bodies.append(
            {
                "message_id": str(uuid7(world.now)),
                "user_id": name,
                "agent_id": agent_id,
                "priority": "high",
                "message_data": words(tries[name, agent_id]),
                "expects_reply": agent_id.startswith("other"),
            }
        )
    if bodies:
        assert world.publish(*[json.dumps(body) for body in bodies]) == {"batchItemFailures": []}
    return refused


def _sent(world: World) -> list[Sent]:
    query = (
        "SELECT a.user_id, m.agent_id, m.final_message AS words, a.started_at AS at, a.active_since"
        " FROM orchestrator.attempts a JOIN message_queue m ON m.id = a.message_id ORDER BY a.started_at, a.id"
    )
    with world.connection.cursor(row_factory=class_row(Sent)) as cursor:
        return cursor.execute(query).fetchall()


def _check_words(sent: Sequence[Sent]) -> None:
    said: dict[tuple[UUID, str], datetime] = {}
    for text in sent:
        key = (text.user_id, fold_words(text.words))
        assert key not in said or text.at - said[key] >= SAME_FOR, f"{text.words} twice"
        said[key] = text.at


def _check_limits(sent: Sequence[Sent]) -> None:
    for place, text in enumerate(sent):
        of_person = [other for other in sent[: place + 1] if other.user_id == text.user_id]
        in_hour = [other for other in of_person if text.at - other.at < HOUR]
        today = [other for other in of_person if local_date(other.at, ZONE) == local_date(text.at, ZONE)]
        if text.active_since is None:
            assert len(in_hour) <= 2
            assert len(today) <= 10
            assert 8 <= text.at.astimezone(ZONE).hour < 21
        else:
            assert sum(other.active_since == text.active_since for other in of_person) <= 3
            assert sum(other.active_since is not None for other in in_hour) <= 6
            assert sum(other.active_since is not None for other in today) <= 12


def _check_unanswered(sent: Sequence[Sent], answered: Sequence[tuple[UUID, datetime]]) -> None:
    counts = Counter(
        (text.user_id, text.agent_id, sum(at < text.at for user_id, at in answered if user_id == text.user_id))
        for text in sent
    )
    assert max(counts.values()) <= MOST_A_DAY


def _check_reasons(world: World, published: int) -> None:
    """Each message is sent, or its row and its timeline say why it waits or ended; a repetition names the earlier one."""
    assert world.all("SELECT count(*) FROM message_queue") == [(published,)]
    without = (
        "SELECT m.id, m.status FROM message_queue m WHERE m.status <> 'sent' AND (m.reason IS NULL OR NOT EXISTS"
        " (SELECT FROM orchestrator.timeline t WHERE t.message_id = m.id AND t.reason = m.reason))"
    )
    assert world.all(without) == []
    repeated = (
        "SELECT count(*), count(*) FILTER (WHERE earlier.user_id = m.user_id AND a.started_at > t.at - interval '20 hours')"
        " FROM message_queue m JOIN orchestrator.timeline t ON t.message_id = m.id AND t.reason = 'same_words'"
        " LEFT JOIN message_queue earlier ON earlier.id::text = split_part(split_part(t.note, ',', 1), ' ', 2)"
        " LEFT JOIN orchestrator.attempts a ON a.message_id = earlier.id"
    )
    ((ended, named),) = world.all(repeated)
    assert ended == named > 0
