"""What a model gets of a text: its state, and what happens next."""

from datetime import datetime
from uuid import UUID

from orchestrator.queries import MessageStatus, Moment, Preview
from orchestrator.rules.next_steps import IF_PUBLISHED
from orchestrator.tool_values import TextOutcome

_PUBLISHED = "Published: it goes by itself when the rules allow it. Do not resend."


def expected_outcome(message_id: UUID, preview: Preview | None) -> TextOutcome:
    """What a model gets of a text that was just published: what the rules say of it now."""
    if preview is None:
        return TextOutcome(next_step=_PUBLISHED, message_id=message_id, state="published")
    due, local = times_of(preview.due)
    if preview.outcome == "send":
        step = "Published: it goes now, or within a minute. Do not resend; ask text_status or replies_from later."
        return TextOutcome(next_step=step, message_id=message_id, state="published", due=due, due_local=local)
    return TextOutcome(
        next_step=preview.next_step.removeprefix(IF_PUBLISHED),
        message_id=message_id,
        state="held",
        reason=preview.reason,
        why=preview.why,
        due=due,
        due_local=local,
    )


def outcome_of(status: MessageStatus) -> TextOutcome:
    """What a model gets of a text that is stored."""
    due, local = times_of(status.due)
    return TextOutcome(
        next_step=status.next_step,
        message_id=status.message_id,
        state=status.state,
        reason=status.reason,
        why=status.why,
        due=due,
        due_local=local,
        delivery=status.delivery,
    )


def times_of(moment: Moment | None) -> tuple[datetime | None, str | None]:
    """A time in UTC, and on the person's clock with its zone."""
    if moment is None:
        return None, None
    return moment.at, f"{moment.local} {moment.zone}" if moment.local else None
