"""Generated sequences of STOP, START, other texts, repetitions, reorderings and outages, against a model of its own.

Each sequence is one person. The model knows only what was written and when SQS first received it, and never asks the
rules. `STOP_SEQUENCES` says how many are driven (CI: 1,000).
"""

import os
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from orchestrator_local.stand_ins.http import HttpAnswer
from orchestrator_local.stand_ins.phones import Callback
from tests.integration.test_inbound_outage import TO, pass_time
from tests.world import World, sqs_event

SEQUENCES = int(os.environ.get("STOP_SEQUENCES", "100"))
PEOPLE = 50  # in one run: their texts come in the same batches
STEPS = 14
STOPS = ("STOP", "stop.", "Quit,", "STOP ALL", "Stop thanks", "please stop texting me", "ARRET", "I had enough of you")
STARTS = ("START", " start ", "Unstop")
OTHERS = (
    "Ok",
    "Thanks!",
    "What time is it?",
    "No need to opt out, it's fine",
    "my ex won't stop texting me",
    "quiero dar de baja mi cita del martes",
    "I'm driving with Focus turned on",
    "HELP",
    "Liked “Reply STOP to opt out”",
)


@dataclass
class Written:
    """One text of a person: what it asks for, and the requests of Twilio that brought it, each with SQS's time."""

    wish: str | None
    callback: Callback
    sent: list[datetime] = field(default_factory=list)
    taken_in: list[datetime] = field(default_factory=list)


@dataclass
class Life:
    """One person's sequence."""

    name: str
    phone: str
    texts: list[Written] = field(default_factory=list)

    def last_wish(self, *, also_in_queue: bool) -> str | None:
        """What the person asked for last, of what was taken in; at equal times STOP wins."""
        known = [
            (min(times), text.wish == "stop", text.wish)
            for text in self.texts
            if text.wish and (times := text.sent if also_in_queue else text.taken_in)
        ]
        return max(known)[2] if known else None

    @property
    def keeps_order(self) -> bool:
        """Whether of each text the first request was taken in first."""
        return all(text.taken_in[:1] == text.sent[:1] for text in self.texts)


class Run:
    """One timeline with its people, its inbound queue, and an outage."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)
        self.lives = [Life(f"p{n}", f"+1{(212, 646)[n % 2]}55501{n // 2:02}") for n in range(PEOPLE)]
        self.queue: list[tuple[Written | None, datetime, dict[str, Any]]] = []
        self.outage = range(start := self.random.randrange(2, STEPS - 6), start + self.random.choice([0, 2, 4, 6]))
        self.claude_is_away = range(start := self.random.randrange(STEPS - 3), start + 2)
        self.read_at = world.now

    def go(self) -> None:
        for life in self.lives:
            self.world.person(life.name, phone=life.phone, daily_limit=999, hourly_limit=999)
        for step in range(STEPS):
            self._write(step)
            self._take_in(step)
            self._deliver(step)
            pass_time(self.world, minutes=1)
        while self.queue:
            self._take_in(STEPS)
        self._check_opt_outs()

    def _write(self, step: int) -> None:
        away = step in self.claude_is_away
        # A refused key is not asked again; an outage (529) would be, until the deadline.
        self.world.claude.misbehave = (lambda _request: HttpAnswer(401, {})) if away else None
        for life in self.random.sample(self.lives, PEOPLE // 3):
            if life.texts and self.random.random() < 0.25:
                text = self.random.choice(life.texts)  # Twilio repeats a request, the newest or one of long ago
            else:
                text = self._new_text(life)
            self.world.twilio_calls(text.callback)
            self._collect(text)
            if self.random.random() < 0.7:
                pass_time(self.world, seconds=1)

    def _new_text(self, life: Life) -> Written:
        wish = self.random.choice(["stop", "start", None])
        words = self.random.choice({"stop": STOPS, "start": STARTS, None: OTHERS}[wish])
        text = Written(wish, self.world.phones.write(life.phone, words, TO))
        self.world.phones.callbacks.clear()
        life.texts.append(text)
        return text

    def _collect(self, text: Written | None) -> None:
        for record in self.world.inbound_records():
            self.queue.append((text, self.world.now, record))
            if text:
                text.sent.append(self.world.now)

    def _take_in(self, step: int) -> None:
        """Batches in any order, some left for the next step; none in an outage."""
        if step in self.outage:
            return
        self.random.shuffle(self.queue)
        late = [] if step >= STEPS else [entry for entry in self.queue if self.random.random() < 0.15]
        taken = [entry for entry in self.queue if entry not in late]
        self.queue = late
        for start in range(0, len(taken), 10):
            batch = taken[start : start + 10]
            answer = self.world.invoke("inbound", sqs_event([record for _, _, record in batch]))
            back = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            for entry in batch:
                text, sent_at, record = entry
                if text:
                    text.taken_in.append(sent_at)
                if record["messageId"] in back:
                    self.queue.append(entry)
        self.read_at = self.world.now

    def _deliver(self, step: int) -> None:
        """A message for everyone; nothing reaches a person whose last wish is STOP."""
        before = len(self.world.phones.texts)
        expires_at = (self.world.now + timedelta(hours=9)).isoformat()
        bodies = [
            {
                "user_id": life.name,
                "agent_id": "concierge_main",
                "priority": "high",
                "can_delay": False,
                "expires_at": expires_at,
                "message_data": {"type": "note", "message": "Hello"},
                "allow_repeat": True,
            }
            for life in self.lives
        ]
        for start in range(0, PEOPLE, 10):
            assert self.world.publish(*bodies[start : start + 10]) == {"batchItemFailures": []}
        self.world.dispatch()
        self._collect(None)
        self.world.deliver()
        self.world.phones.callbacks.clear()
        # Once the queue was not read for three minutes, what lies in it counts too.
        also_in_queue = self.world.now - self.read_at > timedelta(minutes=3)
        by_phone = {life.phone: life for life in self.lives}
        for text in self.world.phones.texts[before:]:
            life = by_phone[text.to]
            assert life.last_wish(also_in_queue=also_in_queue) != "stop", (step, life)

    def _check_opt_outs(self) -> None:
        rows = self.world.all("SELECT phone_number FROM orchestrator.opt_outs WHERE ended_at IS NULL")
        opted_out = {phone for (phone,) in rows}
        for life in self.lives:
            asked = any(text.wish == "stop" for text in life.texts)
            assert asked or life.phone not in opted_out, ("never asked", life)
            if life.keeps_order and all(text.callback.fields["Body"] != STOPS[-1] for text in life.texts):
                assert (life.last_wish(also_in_queue=False) == "stop") == (life.phone in opted_out), life


@pytest.mark.parametrize("seed", range(-(-SEQUENCES // PEOPLE)))
def test_no_text_after_the_last_stop_and_no_opt_out_without_a_wish(
    world: World, putting_markers: None, seed: int
) -> None:
    world.claude.wants_no_more = lambda texts: any("had enough" in text["text"] for text in texts)
    Run(world, seed).go()
    assert len(world.phones.texts) > PEOPLE, "most people get most of theirs"
