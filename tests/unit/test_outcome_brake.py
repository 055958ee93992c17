"""The brake by outcome (R13): tables, properties, and a simulated month of three agents, one of them bad."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.brake_settings import OutcomeBrakeSettings
from orchestrator.rules.outcome_brake import (
    OutcomeCount,
    OutcomePause,
    Outcomes,
    OutcomeScope,
    lower_bound,
    outcome_pauses,
)

LIMITS = OutcomeBrakeSettings()


def of(agent: str | None, texts: int, stops: int = 0, filtered: int = 0, kind: str | None = "news") -> OutcomeCount:
    return OutcomeCount(agent, kind, Outcomes(texts, stops, filtered))


GOOD = of("good", 2_000, stops=16, filtered=4)


@pytest.mark.parametrize(
    ("situation", "counts", "paused"),
    [
        ("far above the rest in STOPs", [of("bad", 300, stops=36), GOOD], ["bad"]),
        ("far above the rest in filtering", [of("bad", 300, filtered=30), GOOD], ["bad"]),
        ("too few texts, whatever they brought", [of("bad", 199, stops=199), GOOD], []),
        ("just enough", [of("bad", 200, stops=60), GOOD], ["bad"]),
        ("a rest of too few texts is no comparison", [of("bad", 300, stops=90), of("good", 199)], []),
        ("nobody else at all", [of("bad", 3_000, stops=900)], []),
        ("above the floor by chance: 8 % of 200", [of("unlucky", 200, stops=16), GOOD], []),
        ("certainly above the floor: 8 % of 2,000", [of("bad", 2_000, stops=160), GOOD], ["bad"]),
        ("far above a rest that is below the floor", [of("b", 2_000, stops=80), of("good", 2_000)], []),
        ("all alike: a fault of the sender", [of("a", 900, filtered=300), of("b", 900, filtered=310)], []),
        ("above the floor, and not far above the rest", [of("a", 900, stops=200), of("b", 900, stops=60)], []),
        ("two bad ones do not hide each other", [of("b", 900, stops=99), of("c", 900, stops=98), GOOD], ["b", "c"]),
        ("those that sent too few are part of the rest", [of("bad", 300, stops=36), of(None, 400)], ["bad"]),
        ("and are never paused", [of(None, 4_000, stops=2_000), GOOD], []),
        ("nothing was sent", [], []),
    ],
)
def test_which_agents_pause_themselves(situation: str, counts: list[OutcomeCount], paused: list[str]) -> None:
    found = outcome_pauses(counts, LIMITS)
    assert [pause.value for pause in found if pause.scope is OutcomeScope.AGENT] == paused, situation


@pytest.mark.parametrize(
    ("situation", "counts", "paused"),
    [
        (
            "one type of an agent that is good as a whole",
            [of("a", 400, stops=48, kind="offer"), of("a", 9_600, stops=40, kind="receipt")],
            ["offer"],
        ),
        (
            "one type of many agents, each with few texts",
            [of(None, 600, stops=90, kind="offer"), of(None, 2_000, stops=9, kind="receipt")],
            ["offer"],
        ),
        (
            "a type that one bad agent spoils goes on",
            [of("bad", 900, stops=270), of("good", 900, stops=7), of("good", 900, stops=7, kind="receipt")],
            [],
        ),
        (
            "also while the bad one has too few texts to be paused",
            [of("young", 190, stops=100), of("good", 600, stops=5), of("good", 900, stops=7, kind="receipt")],
            [],
        ),
        ("the type of an agent that is paused itself", [of("bad", 300, stops=36, kind="offer"), GOOD], []),
        (
            "bad at two of three agents, which their other texts hide",
            [
                *(of(agent, 300, stops=60, kind="offer") for agent in "ab"),
                *(of(agent, 9_000, stops=40, kind="receipt") for agent in "abc"),
            ],
            ["offer"],
        ),
    ],
)
def test_which_types_pause_themselves(situation: str, counts: list[OutcomeCount], paused: list[str]) -> None:
    found = outcome_pauses(counts, LIMITS)
    assert [pause.value for pause in found if pause.scope is OutcomeScope.TYPE] == paused, situation


def test_the_note_names_the_numbers() -> None:
    counts = [of("bad", 300, stops=36), of("worse", 400, filtered=100), GOOD]
    assert outcome_pauses(counts, LIMITS) == [
        OutcomePause(OutcomeScope.AGENT, "bad", "36 of 300 texts brought a STOP (12.0%), of the rest 0.7%"),
        OutcomePause(
            OutcomeScope.AGENT, "worse", "100 of 400 texts were filtered by carriers (25.0%), of the rest 0.2%"
        ),
    ]


def test_the_limits_are_settings() -> None:
    counts = [of("bad", 300, stops=36, filtered=36), GOOD]
    for never in (
        OutcomeBrakeSettings(outcome_brake_stops=1, outcome_brake_filtered=1),
        OutcomeBrakeSettings(outcome_brake_factor=500),
        OutcomeBrakeSettings(outcome_brake_texts=301),
    ):
        assert outcome_pauses(counts, never) == []
    eager = OutcomeBrakeSettings(outcome_brake_texts=10, outcome_brake_factor=1, outcome_brake_stops=0.01)
    assert [pause.value for pause in outcome_pauses([of("bad", 20, stops=6), GOOD], eager)] == ["bad"]


# Properties ----------------------------------------------------------------------------------------------------------

many = st.integers(min_value=1, max_value=100_000)


@given(many, st.integers(min_value=0, max_value=100_000))
def test_the_bound_lies_below_the_share_and_rises_with_it(texts: int, events: int) -> None:
    events = min(events, texts)
    bound = lower_bound(events, texts)
    assert 0 <= bound <= events / texts + 1e-12
    assert bound <= lower_bound(min(events + 1, texts), texts) + 1e-12
    assert bound <= lower_bound(2 * events, 2 * texts) + 1e-12, "more texts of the same share are more certain"


@given(st.floats(min_value=0, max_value=1), st.lists(st.integers(min_value=1, max_value=3_000), max_size=8))
def test_agents_that_bring_the_same_are_never_paused(share: float, sizes: list[int]) -> None:
    counts = [of(f"a{n}", 100 * size, stops=round(100 * size * share)) for n, size in enumerate(sizes)]
    assert outcome_pauses(counts, LIMITS) == []


outcomes = st.builds(
    lambda texts, stops, filtered: Outcomes(texts, min(stops, texts), min(filtered, texts)),
    st.integers(min_value=1, max_value=5_000),
    st.integers(min_value=0, max_value=1_000),
    st.integers(min_value=0, max_value=1_000),
)
mixes = st.lists(
    st.builds(OutcomeCount, st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, "x", "y"]), outcomes),
    max_size=12,
)


@given(mixes, st.randoms())
def test_the_order_of_the_counts_decides_nothing(counts: list[OutcomeCount], shuffled: random.Random) -> None:
    other = list(counts)
    shuffled.shuffle(other)
    assert outcome_pauses(other, LIMITS) == outcome_pauses(counts, LIMITS)


@pytest.mark.parametrize("step", [1, -1])
def test_of_agents_that_fared_alike_the_largest_is_left_out_whatever_their_order(step: int) -> None:
    counts = [
        OutcomeCount(None, None, Outcomes(600, 0, 0)),
        OutcomeCount(None, "x", Outcomes(200, 0, 14)),
        *[OutcomeCount("a", "x", Outcomes(2, 0, 0)), OutcomeCount("b", "x", Outcomes(190, 0, 0))][::step],
    ]
    (pause,) = outcome_pauses(counts, LIMITS)
    assert pause.note.startswith("14 of 202 texts")


def agents_of(counts: list[OutcomeCount]) -> dict[str | None, Outcomes]:
    return {
        name: sum((c.outcomes for c in counts if c.agent == name), Outcomes()) for name in {c.agent for c in counts}
    }


def paused_agents(counts: list[OutcomeCount], limits: OutcomeBrakeSettings) -> set[str]:
    return {pause.value for pause in outcome_pauses(counts, limits) if pause.scope is OutcomeScope.AGENT}


@given(mixes)
def test_what_is_paused_has_a_name_and_enough_texts_and_a_share_above_a_floor(counts: list[OutcomeCount]) -> None:
    by_agent = agents_of(counts)
    for agent in paused_agents(counts, LIMITS):
        own = by_agent[agent]
        assert own.texts >= LIMITS.outcome_brake_texts
        shares = own.stops / own.texts, own.filtered / own.texts
        assert shares[0] > LIMITS.outcome_brake_stops or shares[1] > LIMITS.outcome_brake_filtered


@given(mixes)
def test_by_one_measure_the_best_of_all_goes_on(counts: list[OutcomeCount]) -> None:
    paused = paused_agents(counts, OutcomeBrakeSettings(outcome_brake_filtered=1))
    assert not paused or agents_of(counts).keys() - paused


def test_an_agent_at_the_floor_is_hardly_ever_paused_by_chance() -> None:
    """At the floor itself the bound is passed once in some hundred draws; below it, never here."""
    luck = random.Random(1)

    def paused(share: float) -> int:
        draws = [sum(luck.random() < share for _ in range(400)) for _ in range(1_000)]
        return sum(bool(outcome_pauses([of("a", 400, stops=stops), GOOD], LIMITS)) for stops in draws)

    assert paused(0.05) <= 6
    assert paused(0.03) == 0


# A simulated month ---------------------------------------------------------------------------------------------------


@dataclass
class Programme:
    """An agent of the month: texts a day, the type of each, and the share that a STOP follows, or a carrier filters."""

    agent: str
    texts_a_day: int
    types: tuple[str, ...]
    stops: float
    filtered: float
    from_day: int = 0


def month(seed: int, programmes: list[Programme]) -> Iterator[tuple[float, set[str]]]:
    """30 days with texts from 09:00 to 17:00; yields, hour by hour, the day and what is paused then."""
    luck = random.Random(seed)
    sent: list[tuple[float, OutcomeCount]] = []
    paused: set[str] = set()
    for day in (day + hour / 24 for day in range(30) for hour in range(9, 17)):
        for programme in programmes:
            if day >= programme.from_day and programme.agent not in paused:
                of_type = Counter(luck.choice(programme.types) for _ in range(programme.texts_a_day // 8))
                for kind, texts in of_type.items():
                    stops, filtered = (
                        sum(luck.random() < share for _ in range(texts))
                        for share in (programme.stops, programme.filtered)
                    )
                    sent.append((day, of(programme.agent, texts, stops, filtered, kind)))
        sums: dict[tuple[str | None, str | None], Outcomes] = defaultdict(Outcomes)
        for at, count in sent:
            if at > day - 7 and not paused & {count.agent, count.type}:
                sums[count.agent, count.type] += count.outcomes
        paused |= {p.value for p in outcome_pauses([OutcomeCount(*key, of) for key, of in sums.items()], LIMITS)}
        yield day, set(paused)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("stops", "filtered"), [(0.15, 0.0), (0.0, 0.12)])
def test_in_a_simulated_month_the_bad_agent_is_paused_soon_and_the_good_ones_never(
    seed: int, stops: float, filtered: float
) -> None:
    programmes = [
        Programme("reminders", 160, ("reminder", "update"), 0.004, 0.002),
        Programme("newsletter", 80, ("offer", "update"), 0.02, 0.005),
        Programme("bulk", 80, ("offer", "update"), stops, filtered, from_day=5),
    ]
    first_paused: dict[str, float] = {}
    for day, paused in month(seed, programmes):
        for value in paused:
            first_paused.setdefault(value, day)
    assert first_paused.keys() == {"bulk"}, "no other agent, and no type that others use"
    assert first_paused.get("bulk", inf) < 5 + 7, "within a week of its first text"


def test_in_a_simulated_month_of_good_agents_nothing_is_paused() -> None:
    for seed in range(4):
        programmes = [
            Programme("reminders", 160, ("reminder", "update"), 0.004, 0.002),
            Programme("newsletter", 80, ("offer", "update"), 0.02, 0.01),
            Programme("sales", 80, ("offer",), 0.035, 0.015),
        ]
        *_, (_, paused) = month(seed, programmes)
        assert paused == set()
