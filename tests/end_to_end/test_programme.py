"""A month of a mixed programme: three agents with three purposes, people in eleven states and Quebec.

Each text must be justified by the evidence of its person alone (R15): the purpose, the consent that held, the hours of
the place by a second transcription of the law, and the decision. What people agreed to is logged here, apart from the
product's ledger. `PROGRAMME_DAYS` says how many days are played (CI: 30).
"""

import json
import os
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from orchestrator.agents import Agent
from orchestrator.maintenance.evidence_file import check_evidence
from orchestrator.purpose import Purpose
from orchestrator.store.agents import set_agent
from orchestrator_cli.main import app
from tests.unit import law_transcription as transcription
from tests.world import World

DAYS = int(os.environ.get("PROGRAMME_DAYS", "6"))
SEED = 20
# It has Veterans Day and Thanksgiving, on which three of the states allow no marketing.
START = datetime.fromisoformat("2026-11-09T00:00:00-05:00")
HOLIDAYS = {date(2026, 11, 11), date(2026, 11, 26)}
AGENTS = {
    "promo_weekly": Purpose.MARKETING,
    "concierge_main": Purpose.INFORMATIONAL,
    "billing_1": Purpose.TRANSACTIONAL,
}
# How likely each agent is to text one person on one day.
CHANCES = {"promo_weekly": 0.8, "concierge_main": 0.4, "billing_1": 0.2}
# Each person, by the place in which their phone rings.
NUMBERS = {
    "FL": ("+13055550101", "America/New_York"),
    "TX": ("+15125550102", "America/Chicago"),
    "WA": ("+12065550103", "America/Los_Angeles"),
    "OK": ("+14055550104", "America/Chicago"),
    "MD": ("+14105550105", "America/New_York"),
    "NY": ("+12125550106", "America/New_York"),
    "AL": ("+12055550107", "America/Chicago"),
    "LA": ("+15045550108", "America/Chicago"),
    "PA": ("+12155550109", "America/New_York"),
    "CT": ("+12035550110", "America/New_York"),
    "CA": ("+12135550111", "America/Los_Angeles"),
    "QC": ("+15145550112", "America/Toronto"),
}
NOBODY_KNOWS_WHY = "a text without an entry in the evidence, or an entry without a text"


@dataclass
class Life:
    """What one person agreed to and took back, in the order in which it came into force."""

    phone: str
    zone: ZoneInfo
    consents: list[tuple[datetime, datetime | None, str]] = field(default_factory=list)
    revocations: list[datetime] = field(default_factory=list)

    def consent_at(self, at: datetime) -> str | None:
        """The source of the consent to marketing that held at a time."""
        held = [
            source
            for given, until, source in self.consents
            if given <= at and (until is None or at < until) and not any(given <= r <= at for r in self.revocations)
        ]
        return held[-1] if held else None


@pytest.fixture
def programme(world: World) -> Iterator[World]:
    """A world with one person in each place, three agents with their purposes, and a sender with a name."""
    deliver = world.functions["deliver"]
    before = deliver.settings
    sender = {"sender_name": "Harbor Books", "sender_contact": "help@harborbooks.example"}
    deliver.__dict__["settings"] = before.model_copy(update=sender)
    world.travel_to(START)
    for place, (phone, zone) in NUMBERS.items():
        world.person(place, phone=phone, timezone=zone, first_name=place)
    for agent, purpose in AGENTS.items():
        set_agent(world.connection, Agent(agent, purpose=purpose))
    yield world
    deliver.__dict__["settings"] = before


def test_each_text_of_a_month_is_justified_by_the_evidence_of_its_person(programme: World, tmp_path: Path) -> None:
    month = Month(programme, random.Random(SEED))
    month.play()
    purposes: Counter[str] = Counter()
    for place, life in month.lives.items():
        entries = read_evidence(place, tmp_path)
        texts = {entry["twilio_message_sid"]: entry for entry in entries if entry["kind"] == "text"}
        arrived = {text.sid: text.body for text in programme.phones.texts if text.to == life.phone}
        assert {sid: entry["words"] for sid, entry in texts.items()} == arrived, NOBODY_KNOWS_WHY
        for entry in texts.values():
            check_text(place, life, entry, month.purposes)
            purposes[entry["purpose"]] += 1
        stopped = sorted(datetime.fromisoformat(entry["at"]) for entry in entries if entry["kind"] == "stop")
        assert stopped == [at for at in life.revocations if at <= programme.now]
        check_sender_is_named(place, entries)
    assert set(purposes) == set(Purpose)


def check_text(place: str, life: Life, entry: dict[str, Any], purposes: dict[str, Purpose]) -> None:
    """One text had the purpose of its agent, and what that purpose needs."""
    at = datetime.fromisoformat(entry["at"])
    local = at.astimezone(life.zone)
    purpose = purposes[entry["message_id"]]
    assert entry["purpose"] == purpose
    assert entry["decided_by"]
    assert entry["local_times"][0].startswith(f"{local:%a %Y-%m-%d %H:%M:%S}")
    holiday = local.date() in HOLIDAYS
    assert transcription.may_send(place, purpose, local.weekday(), local.hour, holiday, local.minute), (place, local)
    if purpose is Purpose.MARKETING:
        assert life.consent_at(at) is not None, f"marketing without consent: {place}, {local}"
        assert entry["consent"]["source"] == life.consent_at(at)
        assert entry["law"]


def check_sender_is_named(place: str, entries: list[dict[str, Any]]) -> None:
    """The first text names the sender, and each marketing text in Quebec does, with how to reach them."""
    texts = [entry for entry in entries if entry["kind"] == "text"]
    assert all("Harbor Books" in entry["words"] for entry in texts[:1])
    if place == "QC":
        marketing = [entry["words"] for entry in texts if entry["purpose"] == Purpose.MARKETING]
        assert all("help@harborbooks.example" in words for words in marketing)


def read_evidence(place: str, folder: Path) -> list[dict[str, Any]]:
    """Write the evidence of the month as an operator does, and read it from the file."""
    file = folder / f"{place}.html"
    command = ["evidence", place, "--from", "2026-11-01", "--to", "2026-12-31", "--file", str(file)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    return check_evidence(file.read_text())


class Month:
    """The programme: what agents publish, what people agree to and take back, and the minutes in which texts are due."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world = world
        self.lives = {place: Life(phone, ZoneInfo(zone)) for place, (phone, zone) in NUMBERS.items()}
        self.purposes: dict[str, Purpose] = {}
        self._events: list[tuple[datetime, str, str]] = []
        for day in range(DAYS):
            for place in NUMBERS:
                for agent, likelihood in CHANCES.items():
                    if chance.random() < likelihood:
                        at = START + timedelta(days=day, minutes=chance.randrange(24 * 60))
                        self._events.append((at, "publish", f"{place} {agent}"))
        for place in set(NUMBERS) - {"AL", "WA", "CT"}:
            self._events.append((START, "agree", place))
        for hours, what, place in (
            (30, "agree", "CT"),
            (50, "agree", "WA"),
            (60, "revoke by e-mail", "MD"),
            (64, "STOP", "NY"),
            (90, "START", "NY"),
            (100, "agree", "MD"),
        ):
            self._events.append((START + timedelta(hours=hours), what, place))
        self._events.sort(key=lambda event: event[0])

    def play(self) -> None:
        """Go from event to event, and between them from minute to minute in which a text is due."""
        for (at, what, about), (following, *_) in pairwise([*self._events, (START + timedelta(days=DAYS), "", "")]):
            self.world.travel_to(at)
            self._happen(what, about)
            self._minutes_until(following)

    def _minutes_until(self, following: datetime) -> None:
        self.world.minute()
        waiting = "SELECT min(greatest(scheduled_for, %s)) FROM message_queue WHERE status = 'queued'"
        while True:
            ((due,),) = self.world.all(waiting, self.world.now + timedelta(minutes=1))
            if due is None or due >= following:
                return
            self.world.travel_to(due)
            self.world.minute()

    def _happen(self, what: str, about: str) -> None:
        now = self.world.now
        match what:
            case "publish":
                place, agent = about.split()
                words = f"News {len(self.purposes)} of {now:%d %B}."
                data = {"type": "news", "message": words}
                lane = "high" if agent == "billing_1" else "medium"
                message_id = self.world.message(place, agent_id=agent, priority=lane, message_data=data)
                self.purposes[str(message_id)] = AGENTS[agent]
            case "agree":
                self._agree(about)
            case "revoke by e-mail":
                self._record(about, action="revoke_consent", source="by e-mail")
                self.lives[about].revocations.append(now)
            case "STOP":
                self.world.writes("STOP", phone=self.lives[about].phone)
                self.lives[about].revocations.append(now)
            case "START":
                self.world.writes("START", phone=self.lives[about].phone)

    def _agree(self, place: str) -> None:
        """In Oklahoma and Quebec the consent is implied, and ends by itself."""
        ends = {"OK": timedelta(days=3), "QC": timedelta(days=5)}.get(place)
        now = self.world.now
        until = now + ends if ends else None
        source = f"web form of {now:%d %B %H:%M}"
        wanted = {"source": source, "until": until.isoformat() if until else None}
        self._record(place, action="record_consent", **wanted)
        self.lives[place].consents.append((now, until, source))

    def _record(self, place: str, **fields: Any) -> None:
        body = {"user_id": place, "purpose": "marketing", "message_id": str(uuid4()), **fields}
        answer = self.world.publish(json.dumps({k: v for k, v in body.items() if v is not None}))
        assert answer == {"batchItemFailures": []}
