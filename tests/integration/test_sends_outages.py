"""Which calls that Twilio does not answer are an outage, what ends it, and the pauses that faults make (G2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from orchestrator.rules.reasons import Reason, Status
from orchestrator.store.settlement import Evidence, Pause, Settlement, settle_by_evidence
from orchestrator_local.stand_ins.phones import twilio_error
from tests.integration.test_sends_reserved import (
    ATTEMPT,
    CONVERSATION,
    HOUR,
    MESSAGE,
    OTHER,
    SECOND,
    USER,
    earlier,
    pause,
)
from tests.rows import Row, insert_rows, row_id
from tests.rows_by_name import number_of
from tests.world import World

MINUTE = timedelta(minutes=1)
ACCOUNT = "Twilio refuses our account: "


def sending(place: int, attempt: Mapping[str, object] | None = None, **message: object) -> list[Row]:
    """A message that is being sent, of a person of its own, with its attempt."""
    known = {
        "id": row_id(MESSAGE, place),
        "user_id": row_id(USER, place),
        "agent_id": "news",
        "message_data": {},
        "priority": "high",
        "status": "sending",
        "reason": None,
        "scheduled_for": timedelta(0),
        "accepted_at": -HOUR,
        "lease_until": 10 * MINUTE,
    }
    started = {
        "id": row_id(ATTEMPT, place),
        "message_id": row_id(MESSAGE, place),
        "user_id": row_id(USER, place),
        "phone_number": number_of(place),
        "started_at": -SECOND,
        "outcome": None,
    }
    person = {"user_id": row_id(USER, place), "phone_number": number_of(place)}
    return [
        ("users", {"id": row_id(USER, place), "phone_number": number_of(place)}),
        ("conversations", {"id": row_id(CONVERSATION, place), **person}),
        ("message_queue", {**known, **message}),
        earlier(**{**started, "conversation_id": row_id(CONVERSATION, place), **(attempt or {})}),
    ]


def settlement(place: int, outcome: str, now: datetime, **given: Any) -> Settlement:
    """What became of the attempt."""
    usual: dict[str, Any] = {
        **dict.fromkeys(Settlement.__slots__),
        "attempt_id": row_id(ATTEMPT, place),
        "outcome": outcome,
        "opts_out": False,
        "status": {"unknown": Status.SENDING, "accepted": Status.SENT}.get(outcome, Status.QUEUED),
        "reason": {"unknown": Reason.UNKNOWN_OUTCOME, "accepted": None}.get(outcome, Reason.PROVIDER_UNREACHABLE),
        "evidence": {"unknown": None}.get(outcome, Evidence.ANSWER),
    }
    changes = {name: now + value if isinstance(value, timedelta) else value for name, value in given.items()}
    return Settlement(**{**usual, **changes})


def all_pauses(world: World) -> list[tuple[Any, ...]]:
    return world.all(
        "SELECT scope, value, note, paused_at - %s, ends_at - %s, probes, probe_at - %s, probe_id"
        " FROM orchestrator.pauses ORDER BY scope, value",
        *[world.now] * 3,
    )


OUTAGE_NOTE = "Twilio does not answer: one text at a time probes it"
ZERO = timedelta(0)
BEGUN = ("provider", "", OUTAGE_NOTE, ZERO, None, 0, 10 * SECOND, None)
Result = tuple[str, dict[str, Any]]
UNKNOWN: Result = ("unknown", {})
NOT_SENT: Result = ("not_sent", {})
NO_CALL: Result = ("not_sent", {"evidence": Evidence.NO_CALL})
ACCEPTED: Result = ("accepted", {})
REFUSED: Result = ("refused", {"status": Status.FAILED, "reason": Reason.REFUSED})
REFUSED_ACCOUNT: Result = ("refused", {"pause": Pause.PROVIDER, "until": HOUR, "error": "no money"})


def lately(place: int, **message: object) -> list[Row]:
    """A text that Twilio did not answer in a wave of the last two minutes."""
    unknown: dict[str, Any] = {"reason": "unknown_outcome", "lease_until": 8 * MINUTE + SECOND}
    return [row for row in sending(50 + place, **{**unknown, **message}) if row[0] != "orchestrator.attempts"]


TWO_LATELY = [*lately(1), *lately(2, status="approved")]


@pytest.mark.parametrize(
    ("results", "before", "begins"),
    [
        pytest.param([UNKNOWN, UNKNOWN, NOT_SENT], [], True, id="three calls"),
        pytest.param([UNKNOWN, UNKNOWN, NOT_SENT, ACCEPTED], [], True, id="three calls of four"),
        pytest.param([UNKNOWN, NOT_SENT], [], False, id="two calls"),
        pytest.param([UNKNOWN, NOT_SENT, NO_CALL, REFUSED], [], False, id="two calls, one that was not made"),
        pytest.param([UNKNOWN], TWO_LATELY, True, id="one call, and two of a moment ago"),
        pytest.param([NOT_SENT], TWO_LATELY, True, id="one call that failed, and two of a moment ago"),
        pytest.param([UNKNOWN, ACCEPTED], TWO_LATELY, False, id="Twilio accepts another one"),
        pytest.param([UNKNOWN, REFUSED], TWO_LATELY, False, id="Twilio refuses another one"),
        pytest.param([NO_CALL], [*TWO_LATELY, *lately(3)], False, id="three of a moment ago, and no call"),
        pytest.param([UNKNOWN], [*lately(1), *lately(2, lease_until=8 * MINUTE)], False, id="one is too long ago"),
        pytest.param([UNKNOWN], [*lately(1), *lately(2, reason=None)], False, id="one is still being sent"),
        pytest.param([UNKNOWN], [*lately(1), *lately(2, status="queued")], False, id="one has ended"),
        pytest.param([UNKNOWN], [*lately(1), *lately(2, accepted_at=None)], False, id="one is another sender's"),
        pytest.param([UNKNOWN, UNKNOWN, UNKNOWN], [pause("agent", "x")], True, id="an agent is paused"),
    ],
)
def test_three_calls_that_twilio_does_not_answer_are_an_outage(
    world: World, results: Sequence[Result], before: list[Row], begins: bool
) -> None:
    insert_rows(world, *[row for place in range(len(results)) for row in sending(place)], *before)
    paused = all_pauses(world)
    settle_by_evidence(
        world.connection,
        [settlement(place, outcome, world.now, **given) for place, (outcome, given) in enumerate(results)],
        world.now,
    )
    assert all_pauses(world) == [*paused, *([BEGUN] if begins else [])]
    world.connection.execute("UPDATE message_queue SET lease_until = NULL WHERE status = 'queued'")


def test_an_outage_that_begins_while_something_else_is_paused_is_probed_and_ends(world: World) -> None:
    insert_rows(world, pause("agent", "noisy"))
    for place in range(4):
        world.person(f"p{place}", phone=number_of(place))
        world.message(f"p{place}")
    world.phones.misbehave = lambda _fields: twilio_error(503, 20503, "Service unavailable")
    world.minute()
    world.phones.misbehave = None
    world.person("ada", phone=number_of(5))
    later = world.message()
    for _ in range(2):
        world.wait(minutes=1)
        world.minute()
    assert world.state(later) == ("sent", None)
    assert [scope for scope, *_ in all_pauses(world)] == ["agent"]


# What a pause becomes ----------------------------------------------------------------------------------------------------


def provider(**columns: object) -> Row:
    """The pause of an outage, or of an account."""
    outage = {"note": "before", "paused_at": -HOUR, "ends_at": None, "probes": 1, "probe_at": MINUTE, "probe_id": None}
    return "orchestrator.pauses", {"scope": "provider", "value": "", **outage, **columns}


MINE, ANOTHER = row_id(MESSAGE, 0), row_id(OTHER, 1)
LONGEST = 15 * MINUTE


def row(note: str, paused: timedelta, ends: timedelta | None, *probes: object) -> tuple[object, ...]:
    return ("provider", "", note, paused, ends, *(probes or (None, None, None)))


@pytest.mark.parametrize(
    ("before", "results", "after"),
    [
        pytest.param(
            provider(probe_id=MINE), [UNKNOWN], [row(OUTAGE_NOTE, -HOUR, None, 2, 90 * SECOND, None)],
            id="a probe fails: the wait triples",
        ),
        pytest.param(
            provider(probe_id=MINE, probes=0), [NOT_SENT], [row(OUTAGE_NOTE, -HOUR, None, 1, 30 * SECOND, None)],
            id="the first probe fails",
        ),
        pytest.param(
            provider(probe_id=MINE, probes=4), [UNKNOWN], [row(OUTAGE_NOTE, -HOUR, None, 5, LONGEST, None)],
            id="the fifth probe fails: no wait is longer than a quarter of an hour",
        ),
        pytest.param(
            provider(probe_id=MINE, probes=60), [UNKNOWN], [row(OUTAGE_NOTE, -HOUR, None, 61, LONGEST, None)],
            id="so many failed that their wait would be no interval",
        ),
        pytest.param(
            provider(probe_id=ANOTHER), [UNKNOWN] * 3, [row(OUTAGE_NOTE, -HOUR, None, 1, MINUTE, ANOTHER)],
            id="other calls fail: the probe under way stays",
        ),
        pytest.param(
            provider(probe_id=MINE), [NOT_SENT, UNKNOWN], [row(OUTAGE_NOTE, -HOUR, None, 2, 90 * SECOND, None)],
            id="a probe fails, and another call",
        ),
        pytest.param(provider(probe_id=ANOTHER), [UNKNOWN] * 2, [row("before", -HOUR, None, 1, MINUTE, ANOTHER)], id="too few"),
        pytest.param(
            provider(probe_id=MINE), [NO_CALL], [row("before", -HOUR, None, 1, MINUTE, MINE)], id="the probe was not called"
        ),
        pytest.param(provider(probe_id=MINE), [ACCEPTED], [], id="Twilio accepts the probe"),
        pytest.param(provider(probe_id=MINE), [REFUSED], [], id="Twilio refuses the probe"),
        pytest.param(
            provider(probe_id=ANOTHER), [ACCEPTED], [row("before", -HOUR, None, 1, MINUTE, ANOTHER)],
            id="Twilio accepts another text",
        ),
        pytest.param(
            provider(probe_id=MINE), [REFUSED_ACCOUNT], [row(f"{ACCOUNT}no money", -HOUR, HOUR)],
            id="Twilio answers the probe, and refuses the account",
        ),
        pytest.param(
            provider(probes=None, probe_at=None, ends_at=2 * HOUR), [REFUSED_ACCOUNT],
            [row(f"{ACCOUNT}no money", -HOUR, 2 * HOUR)], id="the account is refused again: the later end",
        ),
        pytest.param(
            provider(probes=None, probe_at=None, ends_at=ZERO), [REFUSED_ACCOUNT],
            [row(f"{ACCOUNT}no money", ZERO, HOUR)], id="the account is refused again after a pause",
        ),
        pytest.param(
            provider(probes=None, probe_at=None, ends_at=SECOND), [UNKNOWN] * 3,
            [row(OUTAGE_NOTE, -HOUR, None, 0, 10 * SECOND, None)], id="an outage begins while the account is refused",
        ),
        pytest.param(
            pause("busy", "low"), [REFUSED_ACCOUNT, UNKNOWN, UNKNOWN, UNKNOWN],
            [("busy", "low", None, -HOUR, None, None, None, None), row(f"{ACCOUNT}no money", ZERO, HOUR)],
            id="an account that is refused is no outage",
        ),
    ],
)  # fmt: skip
def test_a_pause_of_all_texts_becomes(
    world: World, before: Row, results: Sequence[Result], after: list[tuple[object, ...]]
) -> None:
    insert_rows(world, *[row for place in range(len(results)) for row in sending(place)], before)
    settle_by_evidence(
        world.connection,
        [settlement(place, outcome, world.now, **given) for place, (outcome, given) in enumerate(results)],
        world.now,
    )
    assert all_pauses(world) == after


def test_a_fault_of_a_lane_or_a_country_pauses_it_alone_and_for_as_long_as_its_longest(world: World) -> None:
    lanes = ("high", "high", "low", "urgent", "low", "low")
    faults: list[dict[str, Any]] = [
        {"pause": Pause.BUSY, "until": 2 * MINUTE, "error": "a"},
        {"pause": Pause.BUSY, "until": MINUTE, "error": "b"},
        {"pause": Pause.BUSY, "until": MINUTE, "error": "c", "country": "CA"},
        {"pause": Pause.COUNTRY, "until": HOUR, "error": "d", "country": "CA"},
        {"pause": Pause.COUNTRY, "until": HOUR, "error": "e", "country": "FR"},
        {"pause": Pause.COUNTRY, "until": HOUR, "error": "f", "country": "FR"},
    ]
    rows = [row for place, lane in enumerate(lanes) for row in sending(place, priority=lane)]
    insert_rows(world, *rows, pause("busy", "low", ends_at=HOUR), pause("country", "FR", ends_at=-SECOND))
    refused: dict[str, Any] = {"evidence": Evidence.ANSWER}
    settle_by_evidence(
        world.connection,
        [settlement(place, "refused", world.now, **refused, **fault) for place, fault in enumerate(faults)],
        world.now,
    )
    slow, country = "Twilio asked us to slow down: ", "Twilio refuses our texts to this country: "
    assert all_pauses(world) == [
        ("busy", "high", f"{slow}b", ZERO, 2 * MINUTE, None, None, None),
        ("busy", "low", f"{slow}c", -HOUR, HOUR, None, None, None),
        ("country", "CA", f"{country}d", ZERO, HOUR, None, None, None),
        ("country", "FR", f"{country}f", ZERO, HOUR, None, None, None),
    ]
