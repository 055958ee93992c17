"""Each function is killed at the borders of its process, one after the other: nothing is lost, nothing goes twice.

`KILLS_EVERY` says which are tried beside the first ones of each kind: each seventeenth of it, or each (CI: 1).
"""

import os
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from orchestrator.ids import uuid7
from orchestrator.store.people import add_user
from tests.faults.final_checks import reckon
from tests.faults.function_processes import Rig, rig

# Long enough for every lease to run out, and for the minute after it.
MINUTES = 28
# How many of each kind are tried, such as answers of Postgres, before only some are.
FIRST_ONES = 2
KILLS_EVERY = int(os.environ.get("KILLS_EVERY", "17"))
# The first, second and so on of what crosses a border, such as ("postgres answer", 2).
Place = tuple[str, int]
PEOPLE = {"ada": "+12125550101", "ben": "+12125550102", "chen": "+14165550103"}


class Killer:
    """Kills one process when it comes to a place, or never.

    The statements of one round trip commit together: it makes no difference after which of them the process dies, so the
    first of them stands for all.

    Attributes:
        crossed: how often what has crossed the border.
        has_killed: whether the process was killed.
    """

    def __init__(self, rig: Rig, name: str, at: Place | None) -> None:
        self._rig = rig
        self._name = name
        self._at = at
        self._last = ""
        self.crossed: Counter[str] = Counter()
        self.has_killed = False

    def __call__(self, name: str, what: str) -> bool:
        if name != self._name or self.has_killed:
            return True
        one_round_trip = what == self._last == "postgres statement"
        self._last = what
        if one_round_trip:
            return True
        self.crossed[what] += 1
        if (what, self.crossed[what]) != self._at:
            return True
        self.has_killed = True
        self._rig.kill(name)
        return False


def kill_at_borders(killed: Callable[[Place | None], Killer]) -> list[str]:
    """Play the same story with a kill at one place after the other; returns what was about to cross each border.

    Args:
        killed: plays the story once, with a kill at this place or with none.
    """
    return [
        what
        for what, count in killed(None).crossed.items()
        for number in range(1, count + 1)
        if (number <= FIRST_ONES or number % KILLS_EVERY == 0) and killed((what, number)).has_killed
    ]


def publish_all(rig: Rig) -> dict[UUID, str]:
    """Messages of every kind that takes a path of its own; returns the words of each."""
    published: dict[UUID, str] = {}

    def publish(user: str, words: str, **fields: object) -> UUID:
        message_id = uuid7(rig.now)
        published[message_id] = words
        rig.publish(
            {
                "message_id": str(message_id),
                "user_id": user,
                "agent_id": "concierge_main",
                "message_data": {"type": "note", "message": words},
                "priority": "high",
                **fields,
            }
        )
        return message_id

    for name, phone in PEOPLE.items():
        columns = {"external_id": name, "phone_number": phone, "timezone": "America/New_York"}
        add_user(rig.connection, columns, rig.now)
    publish("ada", "urgent", priority="urgent", can_delay=False)
    publish("ada", "one")
    publish("ben", "two", priority="medium", can_delay=False)
    # Judged and put into words by Claude, once Chen has written.
    findings = {"type": "match", "found": {"name": "Acme Corp"}}
    publish(
        "chen",
        "Hi! Here is your match: Acme Corp.",
        message_data=findings,
        requires_fresh_context=True,
        scheduled_for=(rig.now + timedelta(minutes=2)).isoformat(),
    )
    withdrawn = publish("ben", "withdrawn")
    rig.publish({"action": "withdraw", "message_id": str(withdrawn)})
    sequence = {"sequence_id": str(uuid4()), "sequence_total": 2}
    for position in (1, 2):
        publish("chen", f"part {position}", sequence_position=position, **sequence)
    rig.publish({"user_id": "ada", "agent_id": "concierge_main", "message_data": {}})
    return published


def chen_writes(rig: Rig) -> None:
    """A reply, which puts what waits for Chen in question."""
    rig.connection.execute(
        "WITH talk AS (INSERT INTO conversations (user_id, phone_number)"
        " SELECT id, phone_number FROM users WHERE external_id = 'chen' RETURNING id, user_id)"
        " INSERT INTO messages (conversation_id, user_id, role, content, direction, created_at)"
        " SELECT id, user_id, 'user', 'sounds good', 'inbound', %s FROM talk",
        (rig.now,),
    )


def play(rig: Rig) -> None:
    """Let everything happen, and the system recover by itself."""
    start = rig.now
    for minute in range(MINUTES):
        rig.set_time(start.replace(minute=minute))
        rig.poll("enqueue", "enqueue")
        if minute == 1:
            chen_writes(rig)
        rig.tick()
        busy = True
        while busy:
            polls = [
                rig.poll("enqueue", "enqueue"),
                rig.poll("urgent", "deliver"),
                rig.poll("delivery", "deliver"),
                rig.call_back(),
                rig.poll("inbound", "inbound"),
            ]
            busy = any(polls)
        if minute > 2 and not rig.unfinished() and not rig.queues.bodies("enqueue"):
            return


@pytest.mark.parametrize("name", ["enqueue", "dispatch", "deliver", "webhook", "inbound"])
def test_killed_at_every_border_of_its_process(
    name: str, tmp_path: Path, database_url: str, record_property: Callable[[str, object], None]
) -> None:
    unknown = 0
    with rig(tmp_path, database_url) as world:

        def killed(at: Place | None) -> Killer:
            world.begin_again()
            killer = Killer(world, name, at)
            world.border.append(killer)
            published = publish_all(world)
            play(world)
            result = reckon(world, published, hourly=2, daily=10)
            assert result.clean, f"killed at {at}: {result}"
            assert world.unfinished() == 0, f"killed at {at}: {result}"
            ends = {end for end in result.ends if not end.startswith("sent")}
            allowed = {"failed (unknown_outcome)", "cancelled (sequence_stopped)", "cancelled (withdrawn)"}
            assert ends <= allowed, f"killed at {at}: {result}"
            assert world.queues.bodies("enqueue-dead"), "the rejected one lies there with its reason"
            nonlocal unknown
            unknown += result.ends["failed (unknown_outcome)"]
            return killer

        borders = kill_at_borders(killed)
    kinds = ", ".join(f"{borders.count(kind)} {kind}" for kind in dict.fromkeys(borders))
    record_property(
        f"killed {name}",
        f"{len(borders)} times ({kinds}): lost 0, twice 0, unknown_outcome {unknown}",
    )
    assert len(borders) > 3


def test_a_stop_and_a_reply_survive_a_kill_of_inbound_at_every_border(
    tmp_path: Path, database_url: str, record_property: Callable[[str, object], None]
) -> None:
    """Ada says STOP, and Ben asks for news: whatever breaks, she gets nothing and he gets it once."""
    with rig(tmp_path, database_url) as world:

        def killed(at: Place | None) -> Killer:
            world.begin_again()
            afternoon = world.now.replace(hour=20)  # their best time is tomorrow morning
            world.set_time(afternoon)
            for_ada, for_ben = _publish_for_two(world)
            killer = Killer(world, "inbound", at)
            world.border.append(killer)
            world.write(PEOPLE["ada"], "STOP")
            world.write(PEOPLE["ben"], "Anything new for me?")
            for minute in range(12):
                world.set_time(afternoon.replace(minute=minute))
                world.tick()
                while any([world.call_back(), world.poll("inbound", "inbound"), world.poll("urgent", "deliver")]):
                    pass
                world.poll("delivery", "deliver")
            where = f"killed at {at}"
            states: dict[UUID, str] = dict(
                world.connection.execute("SELECT id, status || coalesce(reason, '') FROM message_queue").fetchall()
            )
            assert states == {for_ada: "cancelledopted_out", for_ben: "sent"}, where
            assert [(text.to, text.body) for text in world.phones.texts] == [(PEOPLE["ben"], "news")], where
            kinds = world.connection.execute("SELECT kind FROM orchestrator.readings ORDER BY 1").fetchall()
            assert kinds == [("conversation",), ("stop",)], where
            opted_out = world.connection.execute("SELECT phone_number FROM orchestrator.opt_outs").fetchall()
            assert opted_out == [(PEOPLE["ada"],)], where
            return killer

        borders = kill_at_borders(killed)
    kinds_of_borders = ", ".join(f"{borders.count(where)} {where}" for where in dict.fromkeys(borders))
    record_property(
        "killed inbound with texts", f"{len(borders)} times ({kinds_of_borders}): no STOP lost, nothing twice"
    )
    assert {"claude request", "sqs request"} <= set(borders)


def _publish_for_two(rig: Rig) -> tuple[UUID, UUID]:
    ids = []
    for name in ("ada", "ben"):
        add_user(
            rig.connection,
            {"external_id": name, "phone_number": PEOPLE[name], "timezone": "America/New_York"},
            rig.now,
        )
        ids.append(uuid7(rig.now))
        data = {"type": "note", "message": "news"}
        message = {"message_id": str(ids[-1]), "user_id": name, "agent_id": "concierge_main", "message_data": data}
        rig.publish({**message, "priority": "medium"})
    rig.poll("enqueue", "enqueue")
    return ids[0], ids[1]
