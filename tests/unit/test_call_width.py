"""How many calls of a wave are under way at once, by what Twilio answers (G2)."""

from collections.abc import Callable, Sequence

import pytest

from orchestrator.sms.call_width import CallWidth
from orchestrator.sms.outcomes import Outcome, OutcomeKind

ACCEPTED = Outcome(OutcomeKind.ACCEPTED, sid="SM1")
REFUSED = Outcome(OutcomeKind.REFUSED, code=21211, status=400)
BUSY = Outcome(OutcomeKind.REFUSED, code=20429, status=429)
BUSY_PAIR = Outcome(OutcomeKind.REFUSED, code=14107, status=429)
LOCKED_OUT = Outcome(OutcomeKind.REFUSED, code=20003, status=401)
UNANSWERED = Outcome(OutcomeKind.UNKNOWN, code=503)

# What Twilio answers to the next call, by how many were answered before.
Twilio = Callable[[int], Outcome]


def play(width: CallWidth, texts: int, twilio: Twilio) -> list[int]:
    """Play one wave, whose calls end in the order in which they started.

    Returns:
        How many calls were under way before each one ended.
    """
    wave = width.begin_wave()
    started = ended = 0
    counts = []
    while True:
        while started < texts and wave.has_room(started - ended):
            started += 1
        if started == ended:
            break
        counts.append(started - ended)
        wave.note(twilio(ended), started - ended)
        ended += 1
    wave.finish()
    return counts


def answers(*runs: tuple[int, Outcome]) -> Twilio:
    """Twilio gives each outcome so many times, and the last one from then on."""
    outcomes: Sequence[Outcome] = [outcome for number, outcome in runs for _ in range(number)]
    return lambda place: outcomes[min(place, len(outcomes) - 1)]


def test_each_answer_lets_one_more_call_be_under_way() -> None:
    counts = play(CallWidth(50), 50, answers((1, ACCEPTED)))
    assert counts[:3] == [10, 11, 12]
    assert (len(counts), max(counts)) == (50, 30)


@pytest.mark.parametrize("answered", range(48))
def test_an_outage_leaves_at_most_thirty_calls_of_a_wave_of_fifty_in_doubt(answered: int) -> None:
    counts = play(CallWidth(50), 50, answers((answered, ACCEPTED), (1, UNANSWERED)))
    in_doubt = len(counts) - answered
    assert in_doubt == min(10 + answered, 50 - answered) <= 30


def test_an_outage_at_the_beginning_leaves_ten() -> None:
    assert len(play(CallWidth(50), 50, answers((1, UNANSWERED)))) == 10


@pytest.mark.parametrize("most", [1, 2, 7, 10, 20])
def test_the_setting_is_never_exceeded(most: int) -> None:
    counts = play(CallWidth(most), 50, answers((1, ACCEPTED)))
    assert (len(counts), max(counts)) == (50, most)


def test_no_call_starts_in_the_place_of_one_that_twilio_did_not_answer() -> None:
    counts = play(CallWidth(50), 50, answers((1, UNANSWERED), (1, ACCEPTED)))
    assert counts[:4] == [10, 9, 10, 11]


def test_one_call_at_a_time_ends_after_three_that_twilio_did_not_answer() -> None:
    assert len(play(CallWidth(1), 50, answers((1, UNANSWERED)))) == 3


def test_a_busy_twilio_halves_the_width_and_answers_widen_it_again() -> None:
    width = CallWidth(50)
    assert max(play(width, 50, answers((10, ACCEPTED), (1, BUSY), (1, ACCEPTED)))) == 20
    assert width.ceiling == 10
    assert max(play(width, 50, answers((1, ACCEPTED)))) == 10
    ceilings = []
    for _ in range(41):
        ceilings.append(width.ceiling)
        play(width, 50, answers((1, ACCEPTED)))
    assert ceilings == [*range(11, 51), 50]


def test_a_provider_that_takes_twenty_calls_at_once_gets_no_more_for_long() -> None:
    """Of a thousand calls only few calls meet a 429: each of them costs its text a minute."""
    width = CallWidth(50)
    refused = 0
    for _ in range(20):
        wave = width.begin_wave()
        under_way: list[Outcome] = []
        left = 50
        while left or under_way:
            while left and wave.has_room(len(under_way)):
                under_way.append(ACCEPTED if len(under_way) < 20 else BUSY)
                left -= 1
            if not under_way:
                break
            outcome = under_way.pop(0)
            refused += outcome is BUSY
            wave.note(outcome, len(under_way) + 1)
        wave.finish()
    assert refused <= 20


@pytest.mark.parametrize(("refusal", "calls"), [(BUSY, 10), (LOCKED_OUT, 12)], ids=["busy", "account"])
def test_after_three_refusals_that_meet_each_other_text_no_more_calls_start(refusal: Outcome, calls: int) -> None:
    """Ten have begun, and one in the place of each of the first two that end, where Twilio is not busy."""
    assert len(play(CallWidth(50), 50, answers((1, refusal)))) == calls


def test_two_refusals_that_meet_each_other_text_end_no_wave() -> None:
    assert len(play(CallWidth(50), 50, answers((2, LOCKED_OUT), (1, ACCEPTED)))) == 50


@pytest.mark.parametrize(("under_way", "ceiling"), [(1, 1), (3, 1), (4, 2), (5, 2), (50, 25)])
def test_a_busy_twilio_leaves_half_of_the_calls_that_it_had_and_at_least_one(under_way: int, ceiling: int) -> None:
    width = CallWidth(50)
    width.begin_wave().note(BUSY, under_way)
    assert width.ceiling == ceiling


@pytest.mark.parametrize("refusal", [REFUSED, BUSY_PAIR], ids=["number", "pair"])
def test_a_refusal_of_one_number_is_an_answer_like_another(refusal: Outcome) -> None:
    width = CallWidth(50)
    assert len(play(width, 50, answers((1, refusal)))) == 50
    assert width.ceiling == 50
