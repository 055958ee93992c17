"""A month of traffic through the real policy code on paper time, minute by minute, and everything it must keep."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from orchestrator.ids import spread_of
from orchestrator.jurisdictions import read_law
from orchestrator.messages import Lane
from orchestrator.people import Person, find_zone
from orchestrator.rules.activity import ACTIVE_FOR
from orchestrator.rules.decision import decide
from orchestrator.rules.decision_values import End, Hold, Send
from orchestrator.rules.first_due import first_due
from orchestrator.rules.lanes import effective_lane, ignores_hours
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import Delivery, MessageState
from orchestrator.rules.wave import decide_wave, order
from orchestrator.settings import PolicySettings

# The clocks in North America change on the 8th.
START = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ZONES = (
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "Pacific/Honolulu",
    "America/Chicago",
    "Mars/Base",
    None,
)
HELD_BY_A_LIMIT = {Reason.DAILY_LIMIT, Reason.HOURLY_LIMIT, Reason.QUIET_HOURS}

LAW = read_law()


@dataclass
class Unit:
    """A message, or a whole sequence, that waits."""

    message_id: UUID
    message: MessageState
    parts: int
    reason: Reason | None = None


@dataclass
class Sent:
    """A text that went."""

    unit: Unit
    part: int
    at: datetime
    verdict: Send


@dataclass
class Life:
    """One person, what waits for them, and what they got."""

    person: Person
    waiting: dict[UUID, Unit] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)


class Month:
    """The simulation. `run` raises at the first rule that is broken."""

    def __init__(self, seed: int, people: int = 200, days: int = 30, policy: PolicySettings | None = None) -> None:
        self.random = random.Random(seed)
        self.policy = policy or PolicySettings()
        self.lives = [self._somebody(number) for number in range(people)]
        self.events = self._events(days * 24 * 60)
        self.minutes = days * 24 * 60
        self.ended: Counter[str] = Counter()
        self._due: dict[int, set[int]] = defaultdict(set)

    def run(self) -> None:
        """Minute after minute; only people to whom something happens are looked at."""
        for minute in range(self.minutes):
            now = START + minute * MINUTE
            busy = self._due.pop(minute, set())
            for who, what in self.events.get(minute, ()):
                self._happen(self.lives[who], what, now)
                busy.add(who)
            for who in busy:
                self._deliver(self.lives[who], now)
                for unit in self.lives[who].waiting.values():
                    assert unit.message.due > now, "what waits is due later"
                    assert unit.reason is not None, "what waits has a reason"
                    minutes = -(-(unit.message.due - START) // MINUTE)
                    self._due[int(minutes)].add(who)

    # What happens -----------------------------------------------------------------------------------------------------

    def _somebody(self, number: int) -> Life:
        pick = self.random.choice
        window = pick([(None, None), (None, None), (time(22), time(7)), (time(12), time(14, 30)), (time(9), time(9))])
        return Life(
            Person(
                user_id=UUID(int=number + 1),
                phone_number=f"+1212555{100 + number % 100:04}",
                timezone=pick(ZONES),
                quiet_hours_start=window[0],
                quiet_hours_end=window[1],
                quiet_hours_enabled=pick([None, None, None, True, False]),
                daily_limit=pick([None, None, None, 0, 1, 2, 3, 12]),
                hourly_limit=pick([None, None, None, 0, 1, 3]),
                response_pattern=pick([None, None, {"best_hours": [9, 18]}, {"preferred_days": ["Sat"]}, "nonsense"]),
            )
        )

    def _events(self, minutes: int) -> dict[int, list[tuple[int, str]]]:
        events: dict[int, list[tuple[int, str]]] = defaultdict(list)
        for who in range(len(self.lives)):
            for _ in range(self.random.randrange(10, 50)):
                burst = self.random.choice([1, 1, 1, 4])
                at = self.random.randrange(minutes)
                events[at] += [(who, "message")] * burst
            for _ in range(self.random.randrange(8)):
                at = self.random.randrange(minutes)
                for later in range(self.random.choice([1, 1, 5])):
                    events[at + 9 * later].append((who, "reply"))
        return events

    def _happen(self, life: Life, what: str, now: datetime) -> None:
        if what == "reply":
            life.person = replace(life.person, last_inbound_at=now)
        else:
            unit = self._message(now)
            due, unit.reason = first_due(unit.message, life.person, self.policy, now)
            unit.message = replace(unit.message, due=due, best_at=due if unit.reason is Reason.BEST_TIME else None)
            life.waiting[unit.message_id] = unit

    def _message(self, now: datetime) -> Unit:
        pick = self.random.choice
        message_id = UUID(int=self.random.getrandbits(128))
        not_before = now + timedelta(minutes=self.random.randrange(4000)) if self.random.random() < 0.2 else None
        parts = pick([1, 1, 1, 1, 3])
        message = MessageState(
            lane=pick(list(Lane)),
            can_delay=self.random.random() < 0.7,
            due=now,
            not_before=not_before,
            expires_at=(not_before or now) + pick([timedelta(hours=2), timedelta(days=1), timedelta(days=7)]),
            accepted_at=now,
            spread=spread_of(message_id),
            in_sequence=parts > 1,
            parts=parts,
        )
        return Unit(message_id, message, parts)

    # The minute -------------------------------------------------------------------------------------------------------

    def _deliver(self, life: Life, now: datetime) -> None:
        life.person = replace(life.person, **_active_counts(life, now))
        self._pull_forward(life, now)
        due = [unit for unit in life.waiting.values() if unit.message.due <= now]
        life.person = replace(life.person, planned_sends=self._planned(life, now), recent_sends=_recent(life, now))
        deliveries = [_delivery(unit.message_id, self._as_read(unit, due), life.person) for unit in due]
        verdicts = decide_wave(deliveries, self.policy, LAW, now)
        for message_id, verdict in verdicts.items():
            unit = life.waiting[message_id]
            match verdict:
                case Send():
                    self._send(life, unit, verdict, now)
                case Hold(until, reason):
                    unit.message, unit.reason = replace(unit.message, due=until), reason
                case End(status):
                    del life.waiting[message_id]
                    self.ended[status] += 1
        _check_order(deliveries, verdicts, now)

    def _as_read(self, unit: Unit, due: list[Unit]) -> MessageState:
        """The message as the database tells it: with what else is due."""
        rank = unit.message.lane.rank
        return replace(unit.message, higher_is_due=any(other.message.lane.rank < rank for other in due))

    def _planned(self, life: Life, now: datetime) -> tuple[datetime, ...]:
        held = [unit for unit in life.waiting.values() if unit.reason is Reason.HOURLY_LIMIT]
        return tuple(unit.message.due for unit in held if unit.message.due > now)

    def _pull_forward(self, life: Life, now: datetime) -> None:
        wrote = life.person.last_inbound_at
        if wrote is None or not wrote <= now < wrote + ACTIVE_FOR:
            return
        lifted = {*HELD_BY_A_LIMIT, Reason.BEST_TIME, Reason.ZONE_UNKNOWN}
        held = [
            unit
            for unit in life.waiting.values()
            if unit.message.due > now
            and unit.reason in lifted
            and (unit.message.not_before is None or unit.message.not_before <= now)
        ]
        room = self.policy.active_texts_per_inbound - life.person.texts_while_active
        for unit in sorted(held, key=lambda unit: order(unit.message, now))[: max(room, 0)]:
            unit.message = replace(unit.message, due=now)

    def _send(self, life: Life, unit: Unit, verdict: Send, now: datetime) -> None:
        _check_send(life, unit, verdict, now, self.policy)
        for part in range(1, unit.parts + 1):
            if part > 1:
                following = replace(unit.message, continues=True)
                assert isinstance(
                    decide(following, life.person, paused=False, policy=self.policy, law=LAW, now=now), Send
                )
            life.sent.append(Sent(unit, part, now, verdict))
        day = verdict.local_date
        life.person = replace(life.person, sent_by_day={day: life.person.sent_by_day.get(day, 0) + 1})
        del life.waiting[unit.message_id]
        self.ended["sent"] += 1


# What must hold ----------------------------------------------------------------------------------------------------------


def _recent(life: Life, now: datetime) -> tuple[datetime, ...]:
    return tuple(sent.at for sent in life.sent if sent.part == 1 and sent.at > now - HOUR)


def _active_counts(life: Life, now: datetime) -> dict[str, Any]:
    """What the database counts of the texts that activity let through."""
    active = [sent for sent in life.sent if sent.verdict.active_since is not None]
    return {
        "texts_while_active": sum(sent.verdict.active_since == life.person.last_inbound_at for sent in active),
        "active_texts_this_hour": sum(sent.at > now - HOUR for sent in active),
        "active_texts_by_day": Counter(sent.verdict.local_date for sent in active),
    }


def _check_send(life: Life, unit: Unit, verdict: Send, now: datetime, policy: PolicySettings) -> None:
    """The rules in other words than the code's: each text against what went before it."""
    message, person = unit.message, life.person
    assert message.not_before is None or message.not_before <= now, "never before its own time"
    assert now < message.expires_at, "never after its expiry"
    first_parts = [sent for sent in life.sent if sent.part == 1]
    zone = find_zone(person.timezone) or find_zone("America/New_York")  # all their numbers are New York's
    today = now.astimezone(zone).date()
    if verdict.active_since is not None:
        assert verdict.active_since <= now < verdict.active_since + timedelta(minutes=10), "active for ten minutes"
        active = [sent for sent in life.sent if sent.verdict.active_since is not None]
        on_it = sum(sent.verdict.active_since == verdict.active_since for sent in active)
        assert on_it + unit.parts <= 3, "three texts at most on one inbound message, each part counted"
        assert sum(now - HOUR < sent.at for sent in active) + unit.parts <= 6, "six in any hour"
        on_day = sum(sent.at.astimezone(zone).date() == today for sent in active)
        assert on_day + unit.parts <= 12, "twelve in a local day"
        return
    daily = 10 if person.daily_limit is None else person.daily_limit
    assert sum(sent.at.astimezone(zone).date() == today for sent in first_parts) < daily, "the daily limit"
    if message.lane is Lane.URGENT and not message.can_delay:
        return
    hourly = 2 if person.hourly_limit is None else person.hourly_limit
    assert sum(now - HOUR < sent.at <= now for sent in first_parts) < hourly, "the hourly limit"
    start, end = person.quiet_hours_start or time(21), person.quiet_hours_end or time(8)
    wall = now.astimezone(zone).time()
    in_window = start <= wall < end if start < end else (wall >= start or wall < end) and start != end
    assert person.quiet_hours_enabled is False or not in_window, "nobody is texted in quiet hours"


def _delivery(message_id: UUID, state: MessageState, person: Person) -> Delivery:
    return Delivery(message_id, "simulation", {}, None, None, None, 0, state, person, paused=False)


def _check_order(deliveries: list[Delivery], verdicts: object, now: datetime) -> None:
    """A lower lane never goes while a higher one of the same person is held by a limit or the clock."""
    assert isinstance(verdicts, dict)
    lanes = {
        delivery.message_id: effective_lane(
            delivery.state.lane, delivery.state.accepted_at, delivery.state.expires_at, now
        )
        for delivery in deliveries
    }
    going = [lanes[m].rank for m, v in verdicts.items() if isinstance(v, Send) and v.active_since is None]
    urgent_now = {d.message_id for d in deliveries if ignores_hours(d.state.lane, d.state.can_delay)}
    held = [
        lanes[m].rank
        for m, v in verdicts.items()
        if isinstance(v, Hold) and v.reason in HELD_BY_A_LIMIT and m not in urgent_now
    ]
    assert not going or not held or max(going) <= min(held), "a lower lane never overtakes a higher one"
