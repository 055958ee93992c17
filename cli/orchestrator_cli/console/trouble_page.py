"""The page of trouble: pauses, dead letters, what was not accepted, unknown senders and outcomes, and the checks."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from starlette.responses import Response

from orchestrator.errors import OrchestratorError
from orchestrator.ids import LAST_ID
from orchestrator.messages import Lane
from orchestrator.rules.explanations import explain
from orchestrator.rules.pause_words import describe_in_words
from orchestrator.rules.reasons import Reason
from orchestrator.store.approvals import list_approvals
from orchestrator.store.conversation import list_unread_texts, read_unknown_senders
from orchestrator.store.message_list import MessageFilter
from orchestrator.store.operator_actions import list_actions
from orchestrator.store.pauses import list_pauses
from orchestrator.store.rejections import list_rejections
from orchestrator.store.waits_for_users import list_waits_for_users
from orchestrator_cli.actions import describe_action
from orchestrator_cli.console.messages_page import find_messages
from orchestrator_cli.console.visit import Visit, word_in
from orchestrator_cli.dead_letters import (
    SourceQueue,
    dead_letter_url_of,
    queue_length,
    queues_in_environment,
    receive_dead_letters,
    release,
)
from orchestrator_cli.doctor import checks
from orchestrator_cli.error_words import describe_error
from orchestrator_cli.options import parse_time
from orchestrator_cli.pauses import scope_to_resume

# Rejections of a page; texts, and actions of operators, that are shown; dead letters of a queue.
REJECTIONS = 20
MOST_SHOWN = 20
MOST_LETTERS = 50


def show_trouble(visit: Visit) -> Response:
    """What an operator looks at first."""
    now = visit.clock()
    before = visit.fields.get("rejected_before")
    rejections = list_rejections(
        visit.connection,
        REJECTIONS,
        before=parse_time(before) if before else None,
        before_id=visit.fields.get("rejection", ""),
    )
    unknown = find_messages(visit.connection, MessageFilter(reason=Reason.UNKNOWN_OUTCOME), LAST_ID, 1)
    return visit.page(
        "trouble",
        in_force=[(describe_in_words(each), scope_to_resume(each)) for each in list_pauses(visit.connection, now)],
        lanes=list(Lane),
        queues=list(_dead_letter_counts()),
        approvals=list_approvals(visit.connection, MOST_SHOWN),
        waits=list_waits_for_users(visit.connection, now, MOST_SHOWN),
        rejections=rejections,
        next_rejection=rejections[-1] if len(rejections) == REJECTIONS else None,
        unread=list_unread_texts(visit.connection, None, MOST_SHOWN),
        actions=[(action, describe_action(action)) for action in list_actions(visit.connection, MOST_SHOWN)],
        senders=read_unknown_senders(visit.connection, MOST_SHOWN),
        rows=[{**row, "why": explain(row["reason"])} for row in unknown.rows],
        looked_at_all=unknown.next_before is None,
    )


def show_dead_letters(visit: Visit) -> Response:
    """The dead letters of one queue, with their reasons; they stay there."""
    queue = word_in(visit.fields, "queue", SourceQueue)
    assert queue is not None  # it is a part of the path
    url = dead_letter_url_of(queue)
    received = list(receive_dead_letters(url))
    for letter in received:
        release(letter, url)
    return visit.page("dead_letters", queue=queue, letters=received[:MOST_LETTERS], number=len(received))


def run_checks(visit: Visit) -> Response:
    """What `orchestrator doctor` finds."""
    return visit.page("checks", results=[result for check in checks().values() for result in check()])


def _dead_letter_counts() -> Iterator[dict[str, Any]]:
    """The dead letters of each queue that the environment names; in words why a queue could not be asked."""
    for queue in queues_in_environment():
        try:
            yield {"queue": queue, "dead": queue_length(dead_letter_url_of(queue)), "error": ""}
        except (BotoCoreError, ClientError, OrchestratorError) as error:
            yield {"queue": queue, "dead": 0, "error": describe_error(error)}
