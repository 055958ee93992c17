"""`make storm`: many messages while everything breaks at random: nothing is lost, nothing goes twice, no limit is broken.

Run it as `python -m tests.faults.storm`; a seed repeats the messages and the dice, not the timing of processes.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from rich.progress import Progress

from orchestrator.ids import uuid7
from orchestrator.store.migrate import migrate
from orchestrator.store.people import add_user
from orchestrator_local.postgres import embedded_postgres
from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import twilio_error
from tests.faults.final_checks import Reckoning, reckon
from tests.faults.function_processes import Rig, rig

HOURLY, DAILY = 2, 10
# Beside one of each function: two dispatchers and two deliveries at the same time.
EXTRA = ("dispatch 2", "deliver 2")
# Messages are published over the first hours; what waits for its turn takes days.
PUBLISHED_WITHIN = timedelta(hours=6)
LONGEST = timedelta(days=9)
KILLED_EVERY_SECONDS = 2.0


@dataclass
class Faults:
    """The dice: each part fails in so many of its exchanges.

    Attributes:
        thrown: faults by part.
    """

    dice: random.Random
    share: float = 0.05
    thrown: Counter[str] = field(default_factory=Counter)

    def hits(self, share: float, what: str) -> bool:
        """Throw the dice once."""
        if self.dice.random() >= share:
            return False
        self.thrown[what] += 1
        return True

    def at_border(self, _name: str, what: str) -> bool:
        """A connection breaks before a request or before its answer; an acknowledgement gets lost."""
        if what in ("postgres sync", "postgres answer", "twilio answer", "twilio request"):
            return not self.hits(self.share / 2, what)
        return not (what == "acknowledgement" and self.hits(self.share, what))

    def of_sqs(self) -> str | None:
        """What SQS does wrong with a request."""
        if not self.hits(self.share, "sqs"):
            return None
        return self.dice.choice(["refuse", "partly", "twice", "late"])

    def of_twilio(self, rig: Rig) -> Callable[[dict[str, str]], HttpAnswer | None]:
        """What Twilio does wrong with a text."""

        def misbehave(fields: dict[str, str]) -> HttpAnswer | None:
            if not self.hits(self.share, "twilio"):
                return None
            accepted = self.dice.random() < 0.5
            description = rig.phones.accept(fields) if accepted else {}
            how = self.dice.choice(["drop", "500", "malformed", "half", "429", "429 with Retry-After", "slow"])
            self.thrown[f"twilio: {how}{', accepted' if accepted else ''}"] += 1
            if how == "slow":
                time.sleep(1.2)  # longer than the sender waits
            elif how.startswith("429") and not accepted:
                answer = twilio_error(429, 20429, "Too many requests")
                return HttpAnswer(429, answer.content, {"Retry-After": "3"} if "After" in how else {})
            return {
                "500": HttpAnswer(500, {}),
                "malformed": HttpAnswer(201, b"<html>"),
                "half": HttpAnswer(201, description or {"sid": "SM"}, half=True),
            }.get(how, HttpAnswer(201, None, drop=True))

        return misbehave


def storm(
    rig: Rig, messages: int, people: int, seed: int, on_ended: Callable[[int, str], None] = lambda _n, _what: None
) -> tuple[Reckoning, Faults]:
    """Publish messages, break everything, and reckon.

    Args:
        seed: of the messages and the dice.
        on_ended: called with how many have ended, and the time that everybody sees.
    """
    dice = random.Random(seed)
    faults = Faults(random.Random(seed + 1))
    rig.begin_again()
    for number in range(people):
        _add_person(rig, number)
    plan = _plan(dice, messages, people, rig.now)
    published: dict[UUID, str] = {}
    rig.border.append(faults.at_border)
    rig.queues.trouble = faults.of_sqs
    rig.phones.misbehave = faults.of_twilio(rig)
    stopping = threading.Event()
    killer = threading.Thread(target=_kill_now_and_then, args=(rig, faults, stopping), daemon=True)
    killer.start()
    start = rig.now
    with ThreadPoolExecutor(6) as pool:
        while rig.now - start < LONGEST:
            while plan and plan[-1][0] <= rig.now:
                for body in plan.pop()[1]:
                    if "message_id" in body and "action" not in body:
                        published[UUID(str(body["message_id"]))] = str(body["message_data"]["message"])  # type: ignore[index]
                    rig.publish(body)
            list(pool.map(rig.tick, ("dispatch", "dispatch 2")))
            while any(pool.map(lambda step: step(), _steps(rig))):
                pass
            waiting = rig.unfinished()
            on_ended(len(published) - waiting, f"{rig.now:%a %H:%M}")
            if not plan and not waiting and not rig.queues.bodies("enqueue"):
                break
            # What is left waits for its hour: until the next morning, most of it.
            rig.set_time(rig.now + timedelta(minutes=dice.choice([1, 5, 10] if plan else [5, 10, 30])))
    stopping.set()
    killer.join()
    return reckon(rig, published, HOURLY, DAILY), faults


def _steps(rig: Rig) -> list[Callable[[], bool]]:
    return [
        lambda: rig.poll("enqueue", "enqueue"),
        lambda: rig.poll("delivery", "deliver"),
        lambda: rig.poll("urgent", "deliver 2") or rig.poll("delivery", "deliver 2"),
        lambda: rig.poll("inbound", "inbound"),
        rig.call_back,
    ]


def _kill_now_and_then(rig: Rig, faults: Faults, stopping: threading.Event) -> None:
    while not stopping.wait(KILLED_EVERY_SECONDS):
        name = faults.dice.choice(list(rig.processes))
        faults.thrown["kill -9"] += 1
        rig.kill(name)


def _add_person(rig: Rig, number: int) -> None:
    area, line = (212, 646, 917, 213, 310, 312, 415, 503, 602, 702)[number // 100 % 10], 100 + number % 100
    exchange = 555 if number < 1_000 else 556  # 555-01xx holds a thousand of them
    add_user(
        rig.connection,
        {
            "external_id": f"p{number}",
            "phone_number": f"+1{area}{exchange}0{line}",
            "timezone": ("America/New_York", "America/Los_Angeles", "America/Chicago")[number % 3],
        },
        rig.now,
    )


def _plan(
    dice: random.Random, messages: int, people: int, start: datetime
) -> list[tuple[datetime, list[dict[str, object]]]]:
    """What is published when, the last first."""
    plan: list[tuple[datetime, list[dict[str, object]]]] = []
    number = 0
    while number < messages:
        at = start + dice.random() * PUBLISHED_WITHIN
        person = f"p{dice.randrange(people)}"
        priority = dice.choices(["urgent", "high", "medium", "low"], [1, 4, 4, 1])[0]
        parts = 3 if dice.random() < 0.03 and number + 3 <= messages else 1
        sequence = {"sequence_id": str(UUID(int=dice.getrandbits(128), version=4)), "sequence_total": parts}
        bodies: list[dict[str, object]] = []
        for part in range(parts):
            number += 1
            bodies.append(
                {
                    "message_id": str(uuid7(at)),
                    "user_id": person,
                    "agent_id": f"agent_{dice.randrange(20)}",
                    "message_data": {"type": "note", "message": f"number {number}"},
                    "priority": priority,
                    "can_delay": dice.random() < 0.5,
                    **({"topic": f"topic {dice.randrange(3)}"} if parts == 1 and dice.random() < 0.05 else {}),
                    **({**sequence, "sequence_position": part + 1} if parts > 1 else {}),
                }
            )
        plan.append((at, bodies))
        if dice.random() < 0.02:
            plan.append((at, [{"action": "withdraw", "message_id": bodies[0]["message_id"]}]))
    return sorted(plan, key=lambda entry: entry[0], reverse=True)


def report(result: Reckoning, faults: Faults, seed: int) -> str:
    """The figures, for people."""
    ends = ", ".join(f"{number} {end}" for end, number in result.ends.most_common())
    thrown = ", ".join(f"{number} {what}" for what, number in sorted(faults.thrown.items()))
    return (
        f"seed {seed}: {result.ends.total()} messages: {ends}\n"
        f"faults: {thrown}\n"
        f"lost {len(result.lost)}, twice {len(result.twice)}, arrived but not recorded as sent {len(result.unseen)}, "
        f"limits broken {len(result.limits_broken)}, slots leaked {len(result.leaked)}, attempts left open {result.open}"
    )


def main() -> int:
    """Run the long storm; returns the exit code."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--messages", type=int, default=20_000)
    arguments.add_argument("--people", type=int, default=2_000)
    arguments.add_argument("--seed", type=int, default=uuid4().int % 1_000_000)
    options = arguments.parse_args()
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="orchestrator-storm-") as name, Progress() as progress:
        folder = Path(name)
        folder.chmod(0o755)
        task = progress.add_task("storm", total=options.messages)
        with embedded_postgres(folder / "postgres", {"fsync": "off", "max_connections": "200"}) as url:
            migrate(url)
            with rig(folder, url, EXTRA) as running:
                result, faults = storm(
                    running,
                    options.messages,
                    options.people,
                    options.seed,
                    lambda ended, at: progress.update(task, completed=ended, description=f"storm, {at}"),
                )
    print(report(result, faults, options.seed))
    for problem in [*result.lost, *result.twice, *result.unseen, *result.limits_broken, *result.leaked][:20]:
        print(f"  {problem}")
    return 0 if result.clean else 1


if __name__ == "__main__":
    sys.exit(main())
