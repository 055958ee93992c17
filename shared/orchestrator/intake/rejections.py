"""Rejections: what is recorded of a body that is not accepted, for `explain` and for the event that its agent gets."""

from collections.abc import Mapping
from uuid import UUID

from orchestrator.aws.queues import QueueRecord
from orchestrator.errors import InvalidMessage
from orchestrator.ids import agent_id_in, id_from_sqs, message_id_in
from orchestrator.messages import Message, Reply, Request
from orchestrator.people import Person
from orchestrator.store.intake import Rejection

# The `action` of a message in rejections: its body has none.
PUBLISH = "publish"


def rejection_of(
    record: QueueRecord, problem: InvalidMessage, request: Request | None, people: Mapping[str, Person]
) -> Rejection:
    """The record of a body that is not accepted: what it names, and what is wrong; never its words (G10).

    Args:
        request: None where the body is malformed; then what can be read of it counts.
        people: by the reference that the batch used; a person who is missing is not known.
    """
    person = people.get(request.user_id) if request and request.user_id else None
    action = PUBLISH if isinstance(request, Message) else request.action if request else None
    agent_id = request.agent_id if isinstance(request, Message | Reply) else agent_id_in(record.body)
    return Rejection(
        sqs_message_id=record.sqs_message_id,
        message_id=message_id_of(record, request),
        agent_id=agent_id,
        reason=problem.reason,
        field=problem.field,
        problem=str(problem),
        fix=problem.fix,
        action=action,
        user_id=person.user_id if person else None,
    )


def message_id_of(record: QueueRecord, request: Request | None) -> UUID:
    """The id of the message that a body publishes or names; without one, the id that is derived from SQS's."""
    return (request.message_id if request else None) or message_id_in(record.body) or id_from_sqs(record.original_id)
