"""What `doctor` reports of the targets of events: which are set, and which do not take what happened."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta

from psycopg import Connection

from orchestrator.errors import OrchestratorError
from orchestrator.event_settings import WebhookKeySettings
from orchestrator.settings import load
from orchestrator.store.events import list_event_targets
from orchestrator_cli.check_results import CheckResult, Grade

# An event that waits for longer was refused, or the dispatcher does not run.
LATE_AFTER = timedelta(minutes=5)
_FIX = "See docs/runbook.md, Events that no target takes. Texts and STOPs are not affected."


def key_results() -> Iterator[CheckResult]:
    """Whether the calls of the owner's webhook, where there is one, can be signed."""
    if os.environ.get("REPLY_WEBHOOK_URL"):
        try:
            load(WebhookKeySettings)
        except OrchestratorError as error:
            variable, _, fault = str(error).partition(": ")
            fix = "Store whsec_ and 32 random bytes in base64 as that secret: docs/events.md."
            yield CheckResult(variable, Grade.DOUBTFUL, f"{fault.partition('.')[0]}: no event is posted", fix)


def event_results(connection: Connection, now: datetime) -> Iterator[CheckResult]:
    """Each target that the functions have, with what waits for it."""
    for state in list_event_targets(connection):
        what = f"events to the {state.target}"
        if state.failed or (state.oldest is not None and now - state.oldest > LATE_AFTER):
            minutes = (now - state.oldest) // timedelta(minutes=1) if state.oldest else 0
            detail = f"{state.waiting} wait, the oldest for {minutes} minutes; last error: {state.error or 'none'}"
            yield CheckResult(what, Grade.DOUBTFUL, detail, _FIX)
        else:
            yield CheckResult(what, Grade.GOOD, "taken as they come")
