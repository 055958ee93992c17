"""A simulated population that answers texts by the hour: who answers when, how often, and what changes it.

The rates are those of texts that expect an answer: of 40,000 appointment reminders and the like, 24 to 39 % were
answered, by the hour (1-800 Notify, https://1800notify.zendesk.com/hc/en-us/articles/207324356).
Everything follows from the seed. The rules never see any of it.
"""

import math
import random
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

HOURS_OF_DAY = range(24)
# The hours outside the default quiet hours.
OPEN_HOURS = range(8, 21)
_HIGHEST = 0.85
_STOP_RATE = 0.0004
# So much lower is the answer rate of a person with a text a day than that of one with none in the last week.
_FATIGUE = 0.15


class Scenario(StrEnum):
    """What is simulated.

    DAILY: one text a day. WEEKLY: a quarter of the people get one text a week. SPARSE: everybody does. FLAT: no person has
    a rhythm. CHANGE: from day 45 on, a third of the people live by another rhythm. RARE: people answer half as often.
    MIXED: rhythms without the form of a single peak.
    """

    DAILY = "daily"
    WEEKLY = "weekly"
    SPARSE = "sparse"
    FLAT = "flat"
    CHANGE = "change"
    RARE = "rare"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Chronotype:
    """When people of a kind answer: peaks (hour, height) of a working day, their width, and the shift on weekends."""

    share: float
    peaks: tuple[tuple[float, float], ...]
    width: float
    weekend_shift: float


CHRONOTYPES = (
    Chronotype(0.22, ((8.5, 1.0),), 1.5, 2.0),
    Chronotype(0.18, ((12.5, 1.0),), 1.3, 1.0),
    Chronotype(0.20, ((17.5, 1.0),), 1.7, -2.0),
    Chronotype(0.25, ((19.7, 1.0),), 1.6, 0.0),
    Chronotype(0.15, ((9.0, 0.6), (18.5, 1.0)), 1.4, 1.5),
)
CHANGE_DAY = 45


@dataclass(slots=True)
class SimulatedPerson:
    """A person: an id, the true answer rates per hour of the week, and how often they get a text."""

    id: UUID
    rates: tuple[float, ...]
    a_week: int
    later_rates: tuple[float, ...] | None = None
    drift: float = 0.0
    recent: list[int] = field(default_factory=list)

    def rates_on(self, day: int) -> tuple[float, ...]:
        """The true answer rates per hour of the week, before fatigue."""
        if self.later_rates and day >= CHANGE_DAY:
            return self.later_rates
        return _shifted(self.rates, self.drift * (day // 7)) if self.drift else self.rates

    def gets_text(self, day: int) -> bool:
        """Whether a text is published for the person on a day."""
        return self.a_week == 7 or (day + self.id.int) % 7 == 0


def fatigue(texts_of_last_week: int) -> float:
    """By which factor recent texts lower the answer rate."""
    return math.exp(-_FATIGUE * texts_of_last_week / 7)


def stop_rate(hour: int) -> float:
    """How often a text of this hour of the week is answered with STOP: twice as often at the ends of the day."""
    return _STOP_RATE * (2 if hour % 24 < 9 or hour % 24 >= 20 else 1)


def simulate_people(count: int, seed: int, scenario: Scenario) -> list[SimulatedPerson]:
    """Make a population."""
    dice = random.Random(f"people {seed}")
    kinds = _mixed_kinds() if scenario is Scenario.MIXED else CHRONOTYPES
    return [_person(dice, kinds, scenario) for _ in range(count)]


def _person(dice: random.Random, kinds: tuple[Chronotype, ...], scenario: Scenario) -> SimulatedPerson:
    never, arrhythmic = dice.random() < 0.12, dice.random() < 0.10
    level = 0.0 if never else dice.lognormvariate(math.log(0.27), 0.6)
    if scenario is Scenario.RARE:
        level /= 2
    has_rhythm = not arrhythmic and scenario is not Scenario.FLAT
    rates = _rates(dice, kinds, level) if has_rhythm else (min(1.7 * level, _HIGHEST),) * 48
    changes = scenario is Scenario.CHANGE and dice.random() < 1 / 3
    later = _rates(dice, kinds, level) if changes and has_rhythm else None
    drift = dice.uniform(-0.15, 0.15) if has_rhythm and dice.random() < 0.15 else 0.0
    weekly = scenario is Scenario.SPARSE or (scenario is Scenario.WEEKLY and dice.random() < 0.25)
    person_id = UUID(int=dice.getrandbits(128))
    return SimulatedPerson(person_id, rates, 1 if weekly else 7, later, 0.0 if later else drift)


def _rates(dice: random.Random, kinds: tuple[Chronotype, ...], level: float) -> tuple[float, ...]:
    """The rates of a person of some chronotype: the person's own peak, width and quiet rate differ a little."""
    kind = dice.choices(kinds, [kind.share for kind in kinds])[0]
    shift, weekend_shift = dice.gauss(0, 0.7), dice.gauss(kind.weekend_shift, 0.7)
    width, base = kind.width * dice.lognormvariate(0, 0.2), dice.uniform(0.2, 0.5)
    working = [_height(hour, kind, shift, width) for hour in HOURS_OF_DAY]
    weekend = [_height(hour, kind, shift + weekend_shift, 1.25 * width) for hour in HOURS_OF_DAY]
    return tuple(min(level * (base + 2.6 * height), _HIGHEST) for height in (*working, *weekend))


def _height(hour: int, kind: Chronotype, shift: float, width: float) -> float:
    # A text leaves in the first half of an hour.
    return sum(height * math.exp(-0.5 * ((hour + 0.25 - peak - shift) / width) ** 2) for peak, height in kind.peaks)


def _mixed_kinds() -> tuple[Chronotype, ...]:
    """Eight kinds with three peaks each, of any height: no person is like a curve with which learning begins."""
    dice = random.Random("mixed kinds")
    return tuple(
        Chronotype(
            1 / 8,
            tuple((dice.uniform(8, 21), dice.uniform(0.3, 1.0)) for _ in range(3)),
            dice.uniform(0.8, 1.6),
            dice.gauss(0, 1.5),
        )
        for _ in range(8)
    )


def _shifted(rates: tuple[float, ...], hours: float) -> tuple[float, ...]:
    """The rates of each kind of day, moved to later hours."""
    whole = math.floor(hours)
    part = hours - whole
    return tuple(
        (1 - part) * rates[start + (hour - whole) % 24] + part * rates[start + (hour - whole - 1) % 24]
        for start in (0, 24)
        for hour in HOURS_OF_DAY
    )
