"""Message ids: their time, their order, and ids derived from SQS."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.ids import agent_id_in, first_id_at, id_from_sqs, message_id_in, spread_of, time_of, uuid7


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_id_holds_the_time_at_which_it_was_made(moment: datetime) -> None:
    made = uuid7(moment)
    assert made.version == 7
    found = time_of(made)
    assert found is not None
    assert abs((found - moment).total_seconds()) < 0.001


def test_ids_of_other_versions_hold_no_time() -> None:
    assert time_of(id_from_sqs("x")) is None


def test_a_redelivered_message_without_an_id_is_the_same_message() -> None:
    assert id_from_sqs("abc") == id_from_sqs("abc") != id_from_sqs("abd")


def test_ids_made_in_one_millisecond_are_in_order() -> None:
    now = datetime(2026, 3, 3, 15, tzinfo=UTC)
    made = [uuid7(now) for _ in range(1_000)]
    assert made == sorted(made)
    assert len(set(made)) == 1_000
    assert {(found.version, found.variant, time_of(found)) for found in made} == {(7, RFC_4122, now)}
    assert uuid7(now + timedelta(milliseconds=1)) > made[-1]


def test_the_first_id_of_a_moment_is_the_smallest_that_could_be_made_in_its_millisecond() -> None:
    first = first_id_at(datetime(2026, 3, 3, 15, 0, 0, 1_999, tzinfo=UTC))
    assert str(first) == "019cb436-8d81-7000-8000-000000000000"


@pytest.mark.parametrize(("number", "spread"), [(0, 0), (1, 1 / 997), (996, 996 / 997), (997, 0), (1_000, 3 / 997)])
def test_an_id_spreads_due_times_evenly_from_zero_to_below_one(number: int, spread: float) -> None:
    assert spread_of(UUID(int=number)) == spread


@pytest.mark.parametrize(
    ("body", "agent_id", "message_id"),
    [
        ('{"agent_id": " Saga_1 ", "message_id": "00000000-0000-0000-0000-000000000007"}', "saga_1", UUID(int=7)),
        ('{"agentId": "saga", "messageId": "00000000-0000-0000-0000-000000000007"}', "saga", UUID(int=7)),
        ('{"agent_id": "\u043ag", "message_id": "seven"}', None, None),
        ('{"agent_id": ["saga"], "message_id": 7}', None, None),
        ('{"agent_id": "' + "x" * 101 + '"}', None, None),
        ('{"agent_id": "  "}', None, None),
        ("[]", None, None),
        ("null", None, None),
        ("{not json", None, None),
        ("[" * 100_000, None, None),
    ],
)
def test_what_a_body_names_is_read_where_it_can_be(body: str, agent_id: str | None, message_id: UUID | None) -> None:
    assert (agent_id_in(body), message_id_in(body)) == (agent_id, message_id)
