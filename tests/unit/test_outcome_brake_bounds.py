"""The brake by outcome (R13) at its boundaries: the lower bound by hand, and shares on both sides of a limit."""

import pytest

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


def of(agent: str | None, kind: str | None, texts: int, stops: int = 0, filtered: int = 0) -> OutcomeCount:
    return OutcomeCount(agent, kind, Outcomes(texts, stops, filtered))


@pytest.mark.parametrize(
    ("events", "texts", "bound"),
    [
        # Where all bring it, the bound is texts / (texts + 9).
        (1, 1, 0.1),
        (9, 9, 0.5),
        (91, 91, 0.91),
        (12, 9, 0.5),  # counted twice
        (50, 100, 0.356326),
        (1, 100, 0.000917),
        (0, 100, 0.0),
        (0, 0, 0.0),
        (3, 0, 0.0),
        (-1, 100, 0.0),
        (3, -1, 0.0),
    ],
)
def test_the_lower_bound_of_a_share(events: int, texts: int, bound: float) -> None:
    assert lower_bound(events, texts) == pytest.approx(bound, abs=1e-6)


def test_what_no_text_brought_has_a_bound_of_exactly_nothing() -> None:
    assert [texts for texts in range(100) if lower_bound(0, texts) != 0] == []


@pytest.mark.parametrize(("floor", "paused"), [(0.49, ["bad"]), (0.5, []), (0.51, [])])
def test_a_bound_at_the_floor_pauses_nothing(floor: float, paused: list[str]) -> None:
    limits = OutcomeBrakeSettings(outcome_brake_texts=9, outcome_brake_stops=floor)
    counts = [of("bad", "news", 9, stops=9), of("good", "news", 900)]
    assert [pause.value for pause in outcome_pauses(counts, limits)] == paused


@pytest.mark.parametrize(("factor", "paused"), [(4, ["bad"]), (5, []), (6, [])])
def test_a_bound_at_a_multiple_of_the_rest_pauses_nothing(factor: int, paused: list[str]) -> None:
    """A tenth of the rest brought a STOP, and the bound is a half."""
    limits = OutcomeBrakeSettings(outcome_brake_texts=9, outcome_brake_factor=factor)
    counts = [of("bad", "news", 9, stops=9), of("good", "news", 900, stops=90)]
    assert [pause.value for pause in outcome_pauses(counts, limits)] == paused


@pytest.mark.parametrize(("of_one", "paused"), [(901, ["offer"]), (900, ["offer"]), (899, [])])
def test_an_agent_with_nine_tenths_of_the_texts_answers_for_their_type(of_one: int, paused: list[str]) -> None:
    counts = [
        of("shop", "offer", of_one, stops=270),
        of("news", "offer", 1_000 - of_one),
        of("shop", "receipt", 9_000, stops=40),
    ]
    assert [pause.value for pause in outcome_pauses(counts, LIMITS)] == paused


def test_a_rest_that_brought_nothing_is_the_measure() -> None:
    counts = [of("loud", "news", 300, stops=100), of("odd", "news", 300, filtered=100), of("good", "news", 200)]
    assert outcome_pauses(counts, LIMITS) == [
        OutcomePause(OutcomeScope.AGENT, "loud", "100 of 300 texts brought a STOP (33.3%), of the rest 0.0%"),
        OutcomePause(OutcomeScope.AGENT, "odd", "100 of 300 texts were filtered by carriers (33.3%), of the rest 0.0%"),
    ]


def test_where_one_text_is_enough_one_is_judged_by_one() -> None:
    limits = OutcomeBrakeSettings(outcome_brake_texts=1)
    assert outcome_pauses([of("bad", "news", 1, stops=1), of(None, "news", 1)], limits) == [
        OutcomePause(OutcomeScope.AGENT, "bad", "1 of 1 texts brought a STOP (100.0%), of the rest 0.0%")
    ]
    assert outcome_pauses([of("bad", "news", 1, stops=1), of(None, "news", 0)], limits) == []


def test_the_first_reason_of_two_is_named() -> None:
    counts = [of("bad", "news", 300, stops=100, filtered=90), of("good", "news", 400)]
    (pause,) = outcome_pauses(counts, LIMITS)
    assert pause.note == "100 of 300 texts brought a STOP (33.3%), of the rest 0.0%"


def test_each_type_is_named_once_with_its_reason() -> None:
    counts = [
        of(None, "offer", 600, stops=90, filtered=90),
        of(None, "quiz", 400, filtered=90),
        of(None, "receipt", 2_000),
    ]
    assert outcome_pauses(counts, LIMITS) == [
        OutcomePause(OutcomeScope.TYPE, "offer", "90 of 600 texts brought a STOP (15.0%), of the rest 0.0%"),
        OutcomePause(OutcomeScope.TYPE, "quiz", "90 of 400 texts were filtered by carriers (22.5%), of the rest 0.0%"),
    ]
