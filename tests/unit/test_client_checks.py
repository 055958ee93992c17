"""What the client refuses before anything is published."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orchestrator import InvalidMessage
from orchestrator.client_checks import check_data, check_times
from orchestrator.messages import Message

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
YEAR = timedelta(days=366)


@pytest.mark.parametrize(
    ("times", "problem"),
    [
        ({}, None),
        ({"expires_at": NOW - SECOND}, ("expires_at", "already_expired")),
        ({"expires_at": NOW}, ("expires_at", "already_expired")),
        ({"expires_at": NOW + SECOND}, None),
        ({"expires_at": NOW + YEAR}, None),
        ({"expires_at": NOW + YEAR + SECOND}, ("expires_at", "scheduled_too_far")),
        ({"scheduled_for": NOW - YEAR}, None),
        ({"scheduled_for": NOW + SECOND}, None),
        ({"scheduled_for": NOW + YEAR}, None),
        ({"scheduled_for": NOW + YEAR + SECOND}, ("scheduled_for", "scheduled_too_far")),
    ],
)
def test_times_lie_ahead_and_within_a_year(times: dict[str, datetime], problem: tuple[str, str] | None) -> None:
    fields = {"user_id": "ada", "agent_id": "x", "message_data": {"type": "note"}, **times}
    message = Message.model_validate(fields)
    if problem is None:
        check_times(message, NOW)
        return
    with pytest.raises(InvalidMessage) as caught:
        check_times(message, NOW)
    assert (caught.value.field, caught.value.reason) == problem


NO_NUMBER = float("nan")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"type": "x", "values": [None, True, 1, 1.5, "a", [], {"b": ["c"]}]}, None),
        ({"type": "x", "ratio": NO_NUMBER}, "a number that is not finite at `ratio`"),
        ({"type": "x", "ratios": [1.0, NO_NUMBER]}, "a number that is not finite at `ratios[1]`"),
        ({"type": "x", "a": {"b": [{"c": NO_NUMBER}]}}, "a number that is not finite at `a.b[0].c`"),
        ({"type": "x", "at": NOW}, "a datetime at `at`"),
        ({"type": "x", "set": {1}}, "a set at `set`"),
        ({"type": "x", "inner": {7: "seven"}}, "a int at `inner`"),
    ],
)
def test_a_value_that_json_does_not_have_is_named_with_its_place(data: dict[str, Any], problem: str | None) -> None:
    if problem is None:
        check_data(data)
        return
    with pytest.raises(InvalidMessage) as caught:
        check_data(data)
    assert (caught.value.field, caught.value.reason) == ("message_data", "not_json_value")
    assert f"holds {problem}, which JSON does not have" in str(caught.value)
