"""What decides a person's best time: the owner's pattern, the person's holdout, what is learned, or the usual hour (R7)."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from orchestrator.jurisdictions import read_law
from orchestrator.messages import Lane
from orchestrator.people import AnswerHours, Person
from orchestrator.rules.answer_hours import BestTime, BestTimeKind, choose_best_time, describe_best_time, read_hours
from orchestrator.rules.answer_week import HOURS
from orchestrator.rules.decision import decide
from orchestrator.rules.decision_values import Hold
from orchestrator.rules.first_due import find_first_due
from orchestrator.rules.holdouts import Holdout, holdout_of
from orchestrator.rules.learned_hours import LearnedHours, rates_to_bytes
from orchestrator.rules.quiet_hours import QuietHours
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import MessageState
from orchestrator.settings import PolicySettings

NEW_YORK = ZoneInfo("America/New_York")
TUESDAY_8 = datetime(2026, 3, 3, 8, tzinfo=NEW_YORK).astimezone(UTC)
NIGHT = QuietHours(time(21), time(8))
IDS = {holdout: next(i for n in range(1_000) if holdout_of(i := UUID(int=n + 1)) is holdout) for holdout in Holdout}
STOPS = rates_to_bytes((0.0,) * HOURS)


def hours(best: int, *, known: bool) -> bytes:
    """Packed hours with one that is best for certain."""
    rates = tuple(0.5 if hour == best else 0.1 for hour in range(HOURS))
    return LearnedHours(rates, (0.0,) * HOURS, (0.0,) * HOURS, 0.9, 31, 23, known, weekends=False).to_bytes()


KNOWN = AnswerHours(hours(18, known=True), 0.9, hours(15, known=False), STOPS)


def person(holdout: Holdout = Holdout.NONE, **fields: Any) -> Person:
    return Person(IDS[holdout], "+12125550101", timezone="America/New_York", **{"answer_hours": KNOWN, **fields})


def message(**fields: Any) -> MessageState:
    expires_at = TUESDAY_8 + timedelta(days=7)
    return MessageState(
        **{
            "lane": Lane.MEDIUM,
            "can_delay": True,
            "due": TUESDAY_8,
            "not_before": None,
            "expires_at": expires_at,
            "accepted_at": TUESDAY_8,
            **fields,
        }
    )


def choose(someone: Person, policy: PolicySettings | None = None, **fields: Any) -> BestTime:
    return choose_best_time(message(**fields), someone, NIGHT, policy or PolicySettings(), TUESDAY_8)


@pytest.mark.parametrize(
    ("someone", "policy", "kind", "hour"),
    [
        (person(), {}, BestTimeKind.LEARNED, 18),
        (person(answer_hours=replace(KNOWN, learned=None)), {}, BestTimeKind.POPULATION, 15),
        (person(answer_hours=AnswerHours()), {}, BestTimeKind.DEFAULT, 10),
        (person(answer_hours=replace(KNOWN, off=True)), {}, BestTimeKind.DEFAULT, 10),
        (person(), {"learn": "off"}, BestTimeKind.DEFAULT, 10),
        (person(response_pattern={"best_hours": [12]}), {}, BestTimeKind.OWNER, 12),
        (person(response_pattern={"best_hours": [10]}), {}, BestTimeKind.OWNER, 10),
        (person(response_pattern={"best_hours": [12]}), {"learn": "off"}, BestTimeKind.OWNER, 12),
        (person(Holdout.DEFAULT, response_pattern={"best_hours": [12]}), {}, BestTimeKind.OWNER, 12),
        (person(response_pattern={"best_hours": "soon"}), {}, BestTimeKind.LEARNED, 18),
        (person(Holdout.DEFAULT), {}, BestTimeKind.DEFAULT_HOLDOUT, 10),
        (person(Holdout.POPULATION), {}, BestTimeKind.POPULATION_HOLDOUT, 15),
        (person(Holdout.DEFAULT, answer_hours=AnswerHours()), {}, BestTimeKind.DEFAULT, 10),
        (person(answer_hours=replace(KNOWN, learned=b"of other code")), {}, BestTimeKind.POPULATION, 15),
        (person(answer_hours=replace(KNOWN, population=b"of other code")), {}, BestTimeKind.DEFAULT, 10),
    ],
    ids=[
        "learned", "nothing known of the person", "no curves yet", "learning stopped for the person", "learning off",
        "a pattern wins", "also one that is the usual hour", "and with learning off", "and in a holdout",
        "a pattern that says nothing", "default holdout", "population holdout", "no holdout before the curves",
        "hours of another version", "curves of another version",
    ],
)  # fmt: skip
def test_what_decides(someone: Person, policy: dict[str, Any], kind: BestTimeKind, hour: int) -> None:
    best = choose(someone, PolicySettings(**policy))
    assert (best.kind, best.at.astimezone(NEW_YORK).hour) == (kind, hour)
    assert best.at.astimezone(NEW_YORK).date() == TUESDAY_8.astimezone(NEW_YORK).date()


def test_a_share_of_messages_tries_other_hours_with_its_probability() -> None:
    best = choose(person(), draw=0.001)
    assert best.kind is BestTimeKind.EXPLORED
    assert 0 < best.probability < 0.01
    assert choose(person(), draw=0.5).probability > 0.9
    assert choose(person(Holdout.POPULATION), draw=0.001).kind is BestTimeKind.POPULATION_HOLDOUT, "no trials there"


@pytest.mark.parametrize(
    ("someone", "kind"),
    [
        (person(response_pattern={"best_hours": [12]}), BestTimeKind.OWNER),
        (person(answer_hours=AnswerHours()), BestTimeKind.DEFAULT),
        (person(Holdout.DEFAULT), BestTimeKind.DEFAULT_HOLDOUT),
        (person(Holdout.POPULATION), BestTimeKind.POPULATION_HOLDOUT),
    ],
)
@pytest.mark.parametrize("draw", [0.0, 0.999])
def test_where_nothing_is_tried_the_choice_is_certain(someone: Person, kind: BestTimeKind, draw: float) -> None:
    best = choose(someone, draw=draw)
    assert (best.kind, best.probability) == (kind, 1.0)


def test_the_same_message_chooses_alike_again() -> None:
    assert choose(person(), draw=0.3, spread=0.4) == choose(person(), draw=0.3, spread=0.4)


def test_the_populations_best_open_hour_stands_in_where_the_best_one_is_closed() -> None:
    early = replace(KNOWN, population=_hours_falling_from(7))
    best = choose(person(Holdout.POPULATION, answer_hours=early))
    assert best.at.astimezone(NEW_YORK).hour == 8, "7 is quiet"


def _hours_falling_from(first: int) -> bytes:
    rates = tuple(max(0.5 - 0.02 * abs(hour - first), 0.01) for hour in range(HOURS))
    return LearnedHours(rates, (0.1,) * HOURS, (0.0,) * HOURS, 0.0, 0, 0, known=False, weekends=False).to_bytes()


def test_a_message_that_waits_names_what_chose_its_time() -> None:
    due = find_first_due(message(), person(), PolicySettings(), TUESDAY_8)
    assert due.best is not None
    assert (due.reason, due.at, due.best.kind) == (Reason.BEST_TIME, due.best.at, BestTimeKind.LEARNED)
    assert find_first_due(message(lane=Lane.HIGH), person(), PolicySettings(), TUESDAY_8).best is None


def test_packed_hours_that_cannot_be_read_are_none() -> None:
    assert read_hours(None, STOPS) is None
    assert read_hours(hours(3, known=True), None) is None
    assert read_hours(hours(3, known=True), STOPS[1:]) is None
    assert read_hours(hours(3, known=True), STOPS + b"\0") is None


def test_how_sure_it_is_stands_beside_the_packed_hours() -> None:
    for given, sure in ((0.8, 0.8), (0.0, 0.0), (None, 0.0)):
        learned = read_hours(hours(3, known=True), STOPS, given)
        assert learned is not None
        assert learned.sure == sure
        assert (learned.texts, learned.answers) == (0, 0), "how many they were is not stored there"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (BestTimeKind.OWNER, "an hour of the pattern that the owner of the data set"),
        (BestTimeKind.DEFAULT_HOLDOUT, "the usual hour, for comparison: 5 of 100 people get it whatever is learned"),
        (
            BestTimeKind.POPULATION_HOLDOUT,
            "the hour at which people answer most often, for comparison: 5 of 100 people get it whatever is learned of "
            "them",
        ),
        (BestTimeKind.DEFAULT, "the usual hour"),
        (BestTimeKind.EXPLORED, "a trial of another hour, as one message in twenty is"),
        (BestTimeKind.LEARNED, "answers come most often on weekday evenings (sure)"),
        (BestTimeKind.POPULATION, "the hour at which people answer most often"),
    ],
)
def test_an_operator_reads_what_chose_a_best_time(kind: BestTimeKind, words: str) -> None:
    learned = read_hours(hours(18, known=True), STOPS, 0.9)
    assert learned is not None
    assert describe_best_time(kind, datetime(2026, 3, 3, 18, 5), learned) == f"Tuesday 18:05: {words}"  # noqa: DTZ001


def test_a_message_that_the_daily_limit_holds_chooses_again_alike() -> None:
    """The next day's hour is the one that its draw chooses, as it would be for a message published then."""
    someone = person(sent_by_day={TUESDAY_8.astimezone(NEW_YORK).date(): 10})
    held = message(draw=0.001, spread=0.4, due=TUESDAY_8)
    decision = decide(held, someone, paused=False, policy=PolicySettings(), law=read_law(), now=TUESDAY_8)
    assert isinstance(decision, Hold)
    assert decision.reason is Reason.DAILY_LIMIT
    opens = datetime(2026, 3, 4, 8, tzinfo=NEW_YORK).astimezone(UTC)
    assert decision.until == choose_best_time(held, someone, NIGHT, PolicySettings(), opens).at
    assert decision.until.astimezone(NEW_YORK).date() == opens.astimezone(NEW_YORK).date()
