"""What `doctor` and `adopt` report of old senders, and of an owner's triggers that stop our commands."""

from collections.abc import Iterator, Sequence

from orchestrator.errors import OrchestratorError
from orchestrator.store.old_senders import OURS_REPLACE_IT, NumberTrigger, OldSender
from orchestrator_cli.check_results import CheckResult, Grade


def old_sender_results(senders: Sequence[OldSender]) -> Iterator[CheckResult]:
    """What hands rows to another sender, each with the SQL that removes it (R12)."""
    for sender in senders:
        if sender.kind == "hidden jobs":
            detail = "the jobs of pg_cron cannot be read, and one may be an old sender: pending rows are left alone"
            yield CheckResult("old sender", Grade.DOUBTFUL, detail, f"Run {sender.removal}")
        else:
            detail = f"{sender.kind} {sender.name} hands rows to another sender: agents' pending rows are left to it"
            fix = f"Turn that sender off, then run {sender.removal} See docs/cutover.md."
            yield CheckResult("old sender", Grade.DOUBTFUL, detail, fix)


def number_trigger_results(triggers: Sequence[NumberTrigger]) -> Iterator[CheckResult]:
    """The owner's triggers that fail on each change of a number, with the fix."""
    for trigger in triggers:
        detail = f"trigger {trigger.name} on users updates the row that is being updated: no number can be changed"
        yield CheckResult("number trigger", Grade.DOUBTFUL, detail, f"Run {trigger.removal} {OURS_REPLACE_IT}")


class OldSenderIsThere(OrchestratorError):
    """An old sender may send the rows that an adoption would take over; the text names each and the SQL."""


def require_no_old_senders(senders: Sequence[OldSender]) -> None:
    """Check that no other sender takes what is adopted.

    Raises:
        OldSenderIsThere: there is one.
    """
    if senders:
        names = ", ".join(f"{sender.kind} {sender.name}" for sender in senders)
        fix = " ".join(sender.removal for sender in senders)
        raise OldSenderIsThere(
            f"Nothing was changed: {names} may send the same rows. Turn that sender off, run {fix} and adopt again. "
            "Where it cannot send, give --despite-old-senders."
        )
