"""Which texts teach the hours at which people answer, what is stored of them, and what a run that is cut short leaves."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from orchestrator.ids import uuid7
from orchestrator.maintenance import learn as learning
from orchestrator.maintenance.learn import LearnReport
from orchestrator.maintenance.privacy import delete_person, identity_of
from orchestrator.rules.answer_hours import BestTimeKind
from orchestrator.rules.holdouts import Holdout, holdout_of
from orchestrator.sender_settings import PrivacySettings
from orchestrator.settings import LearnSettings, load
from orchestrator.store import answer_hours as store
from orchestrator.store import privacy
from orchestrator.store.message_history import read_message_history
from tests.world import World

PHONE = "+12125550101"
# People by their holdout: ids are chosen so that each is what it has to be.
IDS = {
    holdout: [user_id for n in range(1_000) if holdout_of(user_id := UUID(int=n + 1)) is holdout] for holdout in Holdout
}
SECOND = timedelta(seconds=1)


def learner(world: World, **columns: Any) -> UUID:
    """A person of whom hours are learned."""
    return world.person(id=IDS[Holdout.NONE][0], **columns)


def text_at_best_time(world: World, **fields: Any) -> UUID:
    """A text that waits for its best time, 10:00 on Wednesday, and leaves then."""
    message_id = world.message(**{"priority": "medium", "expects_reply": True, **fields})
    best_at = world.row(message_id)["best_at"]
    if best_at is not None:
        world.travel_to(best_at + timedelta(milliseconds=1))  # the clock of the test is a float
    world.minute()
    world.wait(minutes=1)
    return message_id


def learned(world: World) -> list[tuple[Any, ...]]:
    """The hours, texts and answers of each person, after a night that comes late enough; the weights have not faded."""
    world.wait(hours=25, seconds=1)
    world.learn()
    return [
        (hours, [round(n) for n in texts], [round(n) for n in answers])
        for hours, texts, answers in world.all(
            "SELECT hours, texts, answers FROM orchestrator.answer_hours ORDER BY user_id"
        )
    ]


ANSWERED = [([10], [1], [1])]
UNANSWERED = [([10], [1], [0])]
NOTHING: list[tuple[Any, ...]] = []


def started(world: World, **after: float) -> None:
    """The text left so long after its chosen hour."""
    world.connection.execute(
        "UPDATE orchestrator.attempts a SET started_at = m.best_at + %s FROM message_queue m WHERE m.id = a.message_id",
        (timedelta(**after),),
    )


def wrote(world: World, after: timedelta) -> None:
    """The person answers so long after the text."""
    world.writes("Yes, gladly")
    world.connection.execute(
        "UPDATE messages SET created_at = (SELECT started_at FROM orchestrator.attempts LIMIT 1) + %s"
        " WHERE direction = 'inbound'",
        (after,),
    )


def refused_later(world: World) -> None:
    world.connection.execute("UPDATE orchestrator.attempts SET outcome = 'refused', holds_slot = false")


def undelivered(world: World) -> None:
    world.connection.execute("UPDATE orchestrator.attempts SET undelivered_at = now(), undelivered_code = 30003")


def went_to_active_person(world: World) -> None:
    world.connection.execute("UPDATE orchestrator.attempts SET active_since = started_at, active_texts = 1")


def of_earlier_release(world: World) -> None:
    world.connection.execute("UPDATE message_queue SET best_kind = NULL")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda world: wrote(world, timedelta(hours=1)), ANSWERED),
        (lambda _world: None, UNANSWERED),
        (lambda world: wrote(world, timedelta(hours=24)), ANSWERED),
        (lambda world: wrote(world, timedelta(hours=24) + SECOND), UNANSWERED),
        (lambda world: wrote(world, -SECOND), UNANSWERED),
        (lambda world: world.writes("STOP"), UNANSWERED),
        (lambda world: world.writes("HELP"), UNANSWERED),
        (lambda world: started(world, minutes=15), UNANSWERED),
        (lambda world: started(world, minutes=15, seconds=1), NOTHING),
        (lambda world: started(world, seconds=-1), NOTHING),
        (refused_later, NOTHING),
        (undelivered, NOTHING),
        (went_to_active_person, NOTHING),
        (of_earlier_release, NOTHING),
    ],
    ids=[
        "answered within the hour",
        "not answered",
        "answered after 24 hours",
        "answered a second later",
        "wrote before the text",
        "answered with STOP",
        "answered with HELP",
        "left 15 minutes after its hour",
        "left a second later",
        "left before its hour",
        "Twilio refused it",
        "not delivered",
        "went because its person was active",
        "an earlier release chose its hour",
    ],
)
def test_which_texts_count(world: World, change: Callable[[World], None], expected: list[tuple[Any, ...]]) -> None:
    learner(world)
    text_at_best_time(world)
    change(world)
    assert learned(world) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"priority": "high"}, NOTHING),
        ({"can_delay": False}, NOTHING),
        ({"expects_reply": False}, NOTHING),
    ],
    ids=["a lane without a best time", "may not wait", "expects no answer, and its type has none"],
)
def test_which_messages_count(world: World, fields: dict[str, Any], expected: list[tuple[Any, ...]]) -> None:
    learner(world)
    text_at_best_time(world, **fields)
    assert learned(world) == expected


def test_a_text_that_expects_no_answer_counts_once_texts_of_its_type_are_answered(world: World) -> None:
    learner(world)
    text_at_best_time(world, expects_reply=False)
    world.writes("Thanks!")
    assert learned(world) == ANSWERED
    hours = world.all("SELECT counts->'types' FROM orchestrator.answer_progress")
    assert hours == [({"note": [1, 1]},)]


def test_a_text_that_a_reply_pulled_forward_does_not_count(world: World) -> None:
    learner(world)
    world.message(can_delay=False)
    world.minute()
    world.message(priority="medium", expects_reply=True)
    world.writes("Hello")
    world.deliver()
    assert len(world.texts()) == 2
    assert learned(world) == NOTHING


def test_a_text_that_a_limit_delayed_does_not_count(world: World) -> None:
    learner(world)
    message_id = world.message(priority="medium", expects_reply=True)
    world.travel_to(world.row(message_id)["best_at"] - timedelta(minutes=1))
    for _ in range(2):
        world.message(can_delay=False)
        world.minute()
    world.wait(minutes=1)
    world.minute()
    assert world.state(message_id) == ("queued", "hourly_limit")
    world.wait(hours=1)
    world.minute()
    assert world.state(message_id)[0] == "sent"
    assert learned(world) == NOTHING


def test_a_text_is_read_once_its_time_for_answers_is_over(world: World) -> None:
    learner(world)
    text_at_best_time(world)
    world.wait(hours=24, minutes=58)
    world.learn()
    assert world.all("SELECT count(*) FROM orchestrator.answer_hours") == [(0,)]
    world.wait(minutes=1, seconds=1)
    world.learn()
    assert world.all("SELECT count(*) FROM orchestrator.answer_hours") == [(1,)]


def test_a_sequence_counts_once_and_an_answer_to_any_part_is_its_answer(world: World) -> None:
    learner(world)
    sequence: dict[str, Any] = {
        "sequence_id": str(UUID(int=7)),
        "sequence_total": 2,
        "priority": "medium",
        "expects_reply": True,
    }
    ids = [world.message(sequence_position=place, **sequence) for place in (1, 2)]
    assert world.row(ids[0])["best_at"] == world.row(ids[1])["best_at"], "a sequence chooses one time"
    world.travel_to(world.row(ids[0])["best_at"])
    world.minute()
    world.deliver()
    assert len(world.texts()) == 2
    world.wait(minutes=1)
    world.writes("Yes")
    assert learned(world) == ANSWERED


def test_a_second_night_adds_nothing_that_was_read_and_weights_fade(world: World) -> None:
    user_id = learner(world)
    text_at_best_time(world)
    world.writes("Yes")
    assert learned(world) == ANSWERED
    before = world.all("SELECT * FROM orchestrator.answer_hours")
    curves = world.all("SELECT curves -> 'texts', curves -> 'people', fitted_at FROM orchestrator.answer_curves")
    assert curves == [(1, 1, world.now)]
    world.wait(days=1)
    world.learn()
    assert world.all("SELECT * FROM orchestrator.answer_hours") == before, "nothing is new of them"
    world.wait(days=58)
    text_at_best_time(world, message_data={"type": "note", "message": "Again"})
    learned(world)
    ((texts, as_of),) = world.all("SELECT texts, as_of FROM orchestrator.answer_hours WHERE user_id = %s", user_id)
    assert (sum(texts), as_of) == (pytest.approx(1.47, abs=0.02), world.now), "61 and 1 days old"


def test_a_person_of_whom_an_operator_stopped_the_learning_teaches_nothing(world: World) -> None:
    user_id = learner(world)
    store.stop_learning_of_person(world.connection, user_id, world.now)
    text_at_best_time(world)
    assert learned(world) == [([], [], [])]
    assert store.resume_learning_of_person(world.connection, user_id, world.now)
    text_at_best_time(world, message_data={"type": "note", "message": "Again"})
    assert learned(world) == UNANSWERED


def test_of_a_deleted_person_nothing_is_learned(world: World) -> None:
    user_id = learner(world)
    text_at_best_time(world)
    world.connection.execute("UPDATE users SET phone_number = 'forgotten-1' WHERE id = %s", (user_id,))
    assert learned(world) == NOTHING


def test_with_learning_off_the_night_reads_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    learner(world)
    text_at_best_time(world)
    world.wait(hours=26)
    off = world.functions["learn"].settings.model_copy(update={"learn": "off"})
    monkeypatch.setattr(world.functions["learn"], "settings", off)
    world.learn()
    assert world.all("SELECT count(*) FROM orchestrator.answer_progress") == [(0,)]


# Runs that are cut short, or meet -----------------------------------------------------------------------------------------


def some_texts(world: World, days: int = 3) -> None:
    learner(world)
    for day in range(days):
        text_at_best_time(world, message_data={"type": "note", "message": f"Day {day}"})
        world.writes(f"Yes, {day}")
        world.wait(hours=14)


def run(connection: Connection, now: datetime, seconds_left: Callable[[], float] = lambda: 900.0) -> Any:
    return learning.learn(connection, load(LearnSettings), lambda: now, seconds_left)


def test_a_night_reports_what_it_read_by_arm_and_of_how_many_people_it_learned(world: World) -> None:
    some_texts(world)
    text_at_best_time(world, message_data={"type": "note", "message": "One that nobody answers"})
    world.wait(hours=26)
    report = run(world.connection, world.now)
    assert report == LearnReport(
        texts=Counter(default=4), answers=Counter(default=3), answer_rates={"default": 75.0}, people=1, fitted=True
    )
    assert run(world.connection, world.now) == LearnReport(), "nothing is new"
    world.wait(hours=11, minutes=59)
    assert not run(world.connection, world.now).fitted
    world.wait(minutes=1)
    assert run(world.connection, world.now).fitted


@pytest.mark.parametrize(
    ("left", "read", "fitted", "people"),
    [
        ([240.1, 240.1, 120, 15.1], 3, True, 1),
        ([240.0, 120.0, 15.1], 0, True, 0),
        ([240.1, 240.1, 119.9], 3, False, 0),
        ([240.1, 240.1, 120.0, 15.0], 3, True, 0),
    ],
)
def test_a_step_of_the_night_starts_only_while_it_has_the_time(
    world: World, left: list[float], read: int, fitted: bool, people: int
) -> None:
    some_texts(world)
    world.wait(hours=26)
    seconds = iter([*left, left[-1], left[-1]])
    report = run(world.connection, world.now, lambda: next(seconds))
    assert (report.texts.total(), report.fitted, report.people) == (read, fitted, people)


def test_a_run_that_is_cut_short_goes_on_where_it_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    some_texts(world)
    world.wait(hours=26)
    monkeypatch.setattr(learning, "TEXTS_OF_A_BATCH", 1)
    seconds = iter([900.0, 900.0, 1.0, 1.0])
    report = run(world.connection, world.now, lambda: next(seconds))
    assert (report.left, report.texts) == (True, {"default": 2})
    report = run(world.connection, world.now)
    assert (report.left, report.texts) == (False, {"default": 1})
    ((texts, answers),) = world.all("SELECT texts, answers FROM orchestrator.answer_hours")
    assert (sum(texts), sum(answers)) == (pytest.approx(3, abs=0.1), pytest.approx(3, abs=0.1))


def test_a_run_that_meets_another_one_counts_nothing_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    some_texts(world)
    world.wait(hours=26)
    read = store.read_answer_texts

    def read_after_another_run(connection: Connection, *place: Any) -> Any:
        texts = read(connection, *place)
        monkeypatch.setattr(store, "read_answer_texts", read)
        assert not run(connection, world.now).left
        return texts

    monkeypatch.setattr(store, "read_answer_texts", read_after_another_run)
    assert run(world.connection, world.now).left
    ((texts,),) = world.all("SELECT texts FROM orchestrator.answer_hours")
    assert sum(texts) == pytest.approx(3, abs=0.1)


def test_the_sums_of_an_arm_are_those_of_its_people(world: World) -> None:
    """Two texts of one person and one of another, in one week: the squares are over people."""
    learner(world)
    world.person("ben", phone="+12125550102", id=IDS[Holdout.NONE][1])
    for user, words in (("ada", "One"), ("ada", "Two"), ("ben", "Three")):
        text_at_best_time(world, user=user, message_data={"type": "note", "message": words})
        if words != "Three":
            world.writes(f"Answer to {words}")
        world.wait(hours=2)
    world.connection.execute("UPDATE message_queue SET best_kind = %s", (BestTimeKind.LEARNED,))
    learned(world)
    rows = world.all(
        "SELECT arm, people, texts, answers, answers_in_1h, answers_in_4h, stops, texts_squared, answers_squared,"
        " texts_answers FROM orchestrator.answer_results ORDER BY period"
    )
    assert rows == [("learned", 2, 3, 2, 2, 2, 0, 5, 4, 4)] * 2, "of the week, and of all weeks"


def test_what_is_learned_of_a_person_is_exported_and_goes_with_them(world: World) -> None:
    user_id = learner(world)
    text_at_best_time(world)
    learned(world)
    assert privacy.export_person(world.connection, user_id)["answer_hours"]["hours"] == [10]
    identity = identity_of(world.connection, "ada")
    delete_person(world.connection, identity, None, PrivacySettings(), lambda: world.now)
    assert world.all("SELECT count(*) FROM orchestrator.answer_hours") == [(0,)]
    world.wait(days=2)
    world.learn()
    assert world.all("SELECT count(*) FROM orchestrator.answer_hours") == [(0,)]


# What else a chosen hour must not do --------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", [20, 50, 240], ids=["20 seconds", "50 seconds", "4 minutes"])
def test_no_best_time_lies_so_short_before_the_expiry_that_the_text_expires(world: World, left: int) -> None:
    learner(world)
    message_id = uuid7(world.now)
    fields: dict[str, Any] = {"priority": "medium", "message_id": str(message_id)}
    world.message(**fields)
    usual = world.row(message_id)["best_at"]
    world.connection.execute("DELETE FROM message_queue")
    world.message(expires_at=usual + timedelta(seconds=left), **fields)
    world.minute()
    world.travel_to(usual - SECOND)
    for _ in range(3):
        world.minute()
        world.wait(minutes=1)
    assert world.state(message_id)[0] == "sent"


def test_a_person_of_whom_learning_begins_anew_is_not_learned_before_a_text_counts(world: World) -> None:
    user_id = learner(world)
    text_at_best_time(world)
    world.writes("Yes")
    learned(world)
    store.stop_learning_of_person(world.connection, user_id, world.now)
    assert store.resume_learning_of_person(world.connection, user_id, world.now)
    world.wait(days=1)
    assert run(world.connection, world.now).people == 0, "nothing is new of them"


def test_a_night_that_cannot_read_all_texts_still_learns_of_those_that_it_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    some_texts(world)
    world.wait(hours=26)
    monkeypatch.setattr(learning, "TEXTS_OF_A_BATCH", 1)
    left, read = 900.0, store.read_answer_texts

    def read_slowly(connection: Connection, *place: Any) -> Any:
        nonlocal left
        left -= 350.0
        return read(connection, *place)

    monkeypatch.setattr(store, "read_answer_texts", read_slowly)
    report = run(world.connection, world.now, lambda: left)
    assert (report.left, report.texts.total()) == (True, 2)
    assert (report.fitted, report.people) == (True, 1)


def test_a_text_that_left_while_learning_was_off_teaches_nothing_afterwards(world: World) -> None:
    user_id = learner(world)
    store.stop_learning_of_person(world.connection, user_id, world.now)
    text_at_best_time(world)
    assert store.resume_learning_of_person(world.connection, user_id, world.now)
    assert learned(world) == [([], [], [])]
    text_at_best_time(world, message_data={"type": "note", "message": "Again"})
    world.wait(hours=14)
    text_at_best_time(world, message_data={"type": "note", "message": "And again"})
    assert learned(world) == [([10], [2], [0])]


def test_a_kind_of_another_release_stops_no_night_and_no_explanation(world: World) -> None:
    learner(world)
    message_id = text_at_best_time(world)
    world.connection.execute("UPDATE message_queue SET best_kind = 'of_a_later_release'")
    assert learned(world) == UNANSWERED
    assert read_message_history(world.connection, message_id) is not None
