"""Measures what learned hours are worth on a simulated population, beside other ways to choose the hour.

`python -m bench.rhythm [SCENARIO] [PEOPLE] [SEED …]`: the share of the lift over 10:00 that a sender would get that
knows every true rate. Counted by true rates, exploration included, for people outside the holdouts.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.rhythm_contestants import (
    TEN,
    Contestant,
    EpsilonGreedy,
    LearnedSender,
    OwnHistogram,
    PopulationHour,
    SentText,
    ShrunkThompson,
    TenOClock,
    is_weekend_day,
    open_hours,
)
from bench.rhythm_people import CHANGE_DAY, Scenario, SimulatedPerson, fatigue, simulate_people, stop_rate
from orchestrator.rules.answer_lift import ArmSums, Lift, compare, sums_of
from orchestrator.rules.holdouts import Holdout, holdout_of

OUT = Path(".bench/rhythm")
DAYS = 90
_CONTESTANTS: dict[str, Callable[[list[SimulatedPerson], random.Random], Contestant]] = {
    "10:00": lambda _people, _dice: TenOClock(),
    "population's best hour": lambda people, dice: PopulationHour(len(people), dice),
    "own histogram": lambda people, dice: OwnHistogram(len(people), dice),
    "epsilon-greedy": lambda people, dice: EpsilonGreedy(len(people), dice),
    "Thompson, shrunk": lambda people, dice: ShrunkThompson(len(people), dice),
    "learned": lambda people, dice: LearnedSender([person.id for person in people], dice),
}


@dataclass(slots=True)
class Tally:
    """What a contestant got on each day: sums of true rates over those of 10:00, and those of the best hour.

    Attributes:
        weekly: of the people with one text a week alone; changed: of those whose rhythm changes.
        stops: the sums of the true STOP rates, and the number of texts, of people outside the holdouts.
        counts: of each person, texts, answers and STOPs.
    """

    all: list[tuple[float, float]] = field(default_factory=list)
    weekly: list[tuple[float, float]] = field(default_factory=list)
    changed: list[tuple[float, float]] = field(default_factory=list)
    stops: list[tuple[float, float]] = field(default_factory=list)
    counts: list[list[int]] = field(default_factory=list)


def simulate(contestant: Contestant, people: list[SimulatedPerson], seed: int, days: int) -> Tally:
    """Let a contestant choose for some days. Whether a text is answered depends on the seed and the hour alone."""
    tally = Tally(counts=[[0, 0, 0] for _ in people])
    held = [holdout_of(person.id) is not Holdout.NONE for person in people]
    recent: list[list[int]] = [[] for _ in people]
    for day in range(days):
        dice = random.Random(f"answers {seed} {day}")
        sums = {group: [0.0, 0.0] for group in ("all", "weekly", "changed", "stops")}
        for number, person in enumerate(people):
            fate, stop_fate = dice.random(), dice.random()
            if not person.gets_text(day) or tally.counts[number][2]:
                continue
            recent[number] = [then for then in recent[number] if then > day - 7]
            factor, rates = fatigue(len(recent[number])), person.rates_on(day)
            hour = contestant.choose(number, day)
            answered, stopped = fate < factor * rates[hour], stop_fate < stop_rate(hour)
            contestant.record(SentText(number, day, hour, answered, stopped))
            recent[number].append(day)
            for place, value in enumerate((1, answered, stopped)):
                tally.counts[number][place] += value
            if not held[number]:
                at_ten = rates[TEN + 24 * is_weekend_day(day)]
                lift = factor * (rates[hour] - at_ten)
                best = factor * (max(rates[h] for h in open_hours(day)) - at_ten)
                groups = ["all"]
                groups += ["weekly"] if person.a_week == 1 else []
                groups += ["changed"] if person.later_rates else []
                for group in groups:
                    sums[group][0] += lift
                    sums[group][1] += best
                sums["stops"][0] += stop_rate(hour)
                sums["stops"][1] += 1
        contestant.end_day(day)
        for group, (lift, best) in sums.items():
            getattr(tally, group).append((lift, best))
    return tally


def share(days: list[tuple[float, float]], first: int, end: int) -> float:
    """The share of the possible lift that was got from day `first` to before day `end`."""
    possible = sum(best for _, best in days[first:end])
    return sum(lift for lift, _ in days[first:end]) / possible if possible else 0.0


def arms(tally: Tally, people: list[SimulatedPerson]) -> dict[Holdout, ArmSums]:
    """The sums of the people of each arm."""
    of_people = list(zip(people, tally.counts, strict=True))
    return {
        arm: sums_of(
            (texts, answers, stops) for person, (texts, answers, stops) in of_people if holdout_of(person.id) is arm
        )
        for arm in Holdout
    }


def run(scenario: Scenario, count: int, seed: int, console: Console, days: int = DAYS) -> dict[str, object]:
    """Simulate all contestants on one population, and print a table; returns the figures."""
    people = simulate_people(count, seed, scenario)
    table = Table(title=f"{scenario}: {count:,} people, {days} days, seed {seed}")
    spans = [(0, 30), (30, 60), (60, 90)]
    weeks = [(7 * week, 7 * week + 7) for week in range(6)]
    for name in ("contestant", "1-30", "31-60", "61-90", "weeks 1 to 6", "STOP", "seconds"):
        table.add_column(name)
    figures: dict[str, object] = {"scenario": scenario, "people": count, "seed": seed}
    for name, make in _CONTESTANTS.items():
        begun = time.process_time()
        contestant = make(people, random.Random(f"contestant {seed}"))
        tally = simulate(contestant, people, seed, days)
        days_of = tally.weekly if scenario is Scenario.WEEKLY else tally.all
        shares, of_weeks = [share(days_of, *span) for span in spans], [share(days_of, *week) for week in weeks]
        row: dict[str, object] = {"shares": shares, "weeks": of_weeks, "stops": share(tally.stops, 0, days)}
        if scenario is Scenario.CHANGE:
            steps = [(CHANGE_DAY - 15 + 5 * step, CHANGE_DAY - 10 + 5 * step) for step in range(12)]
            row["changed, by 5 days from day 30"] = [share(tally.changed, *step) for step in steps]
        if name == "learned":
            sums = arms(tally, people)
            row["lift"] = _lift_values(compare(sums[Holdout.NONE], sums[Holdout.DEFAULT]))
            row["STOP lift"] = _lift_values(compare(sums[Holdout.NONE], sums[Holdout.DEFAULT], "stops"))
        figures[name] = row
        cells = [f"{value:.2f}" for value in shares]
        table.add_row(
            name,
            *cells,
            " ".join(f"{v:.2f}" for v in of_weeks),
            f"{share(tally.stops, 0, days):.3%}",
            f"{time.process_time() - begun:.0f}",
        )
    console.print(table)
    for name in _CONTESTANTS:
        extra = {key: value for key, value in _row(figures, name).items() if key not in {"shares", "weeks", "stops"}}
        if extra:
            console.print(name, json.dumps(extra))
    return figures


def _row(figures: dict[str, object], name: str) -> dict[str, object]:
    row = figures[name]
    assert isinstance(row, dict)
    return row


def _lift_values(lift: Lift) -> dict[str, float]:
    names = ("rate", "holdout_rate", "difference", "low", "high", "detectable")
    return {name: round(getattr(lift, name), 5) for name in names}


def main(scenario: str = "daily", count: str = "1500", *seeds: str) -> int:
    """Run one scenario with each seed."""
    console = Console(width=140, highlight=False)
    OUT.mkdir(parents=True, exist_ok=True)
    for seed in map(int, seeds or ("1",)):
        figures = run(Scenario(scenario), int(count), seed, console)
        (OUT / f"{scenario}-{count}-{seed}.json").write_text(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
