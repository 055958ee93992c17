"""What happens next with a message, in the words that an agent reads."""

import pytest

from orchestrator.rules.next_steps import step_of_end, step_of_hold

THURSDAY = "Thu 08:00 in their time"
UNTIL = f"held until {THURSDAY}: "


@pytest.mark.parametrize(
    ("reason", "due", "step"),
    [
        ("quiet_hours", THURSDAY, f"{UNTIL}quiet hours; it goes by itself; do not resend"),
        ("quiet_hours", None, "held: quiet hours; it goes by itself once nothing holds it; do not resend"),
        (
            "law_place_unknown",
            THURSDAY,
            "held: law place unknown; it goes by itself once nothing holds it; do not resend",
        ),
        ("paused", THURSDAY, "held: paused; it goes by itself once nothing holds it; do not resend"),
        (None, THURSDAY, f"{UNTIL}its turn; it goes by itself; do not resend"),
        (None, None, "held: its turn; it goes by itself once nothing holds it; do not resend"),
    ],
)
def test_a_message_that_waits_names_its_time_where_one_is_known(reason: str | None, due: str | None, step: str) -> None:
    assert step_of_hold(reason, due) == step


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("opted_out", "The person wants no texts. Do not text them again."),
        ("unknown_outcome", "It may have been sent, and it is not known. Do not resend."),
        ("expired", "It ended without being sent. Do not send the same again."),
        ("a_reason_of_tomorrow", "It ended without being sent. Do not send the same again."),
        (None, "It ended without being sent. Do not send the same again."),
    ],
)
def test_a_message_that_ended_unsent_says_what_its_agent_has_to_do(reason: str | None, step: str) -> None:
    assert step_of_end(reason) == step
