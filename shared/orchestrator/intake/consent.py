"""Consents and revocations that arrive on the queue: what each adds to the ledger (R15)."""

from datetime import datetime, timedelta

from orchestrator.agents import owner_of
from orchestrator.consents import ConsentEntry, ConsentRecord, ConsentRevocation
from orchestrator.errors import InvalidMessage
from orchestrator.ids import id_from_sqs
from orchestrator.store.intake import KnownRecords
from orchestrator.store.opt_outs import OptOut

# A publisher's clock may be so far ahead.
CLOCK_TOLERANCE = timedelta(minutes=5)


def entry_of(
    request: ConsentRecord | ConsentRevocation,
    sqs_message_id: str,
    publisher: str,
    sent_at: datetime,
    known: KnownRecords,
) -> ConsentEntry | OptOut:
    """Return what a request adds: an entry of the ledger, or the opt-out of a person who revoked everything.

    Args:
        sqs_message_id: the id that SQS gave it when it was first published.
        publisher: the AWS identity that published it.
        sent_at: when it was put on the queue.

    Raises:
        InvalidMessage: its time lies in the future, or an agent's own role records the consent that the agent needs.
    """
    person = known.people[request.user_id]
    if isinstance(request, ConsentRecord):
        field, stated = "given_at", request.given_at
    else:
        field, stated = "revoked_at", request.revoked_at
    if stated and stated > sent_at + CLOCK_TOLERANCE:
        raise InvalidMessage(field, "lies in the future", "Give the time at which the person said so", "in_the_future")
    at = min(stated or sent_at, sent_at)
    recorded_by = request.recorded_by or publisher or "unknown"
    if isinstance(request, ConsentRecord):
        if owner_of(publisher, known.agents) is not None:
            fix = "Record consents with a role that publishes for no agent, or with `orchestrator consent add`"
            raise InvalidMessage("action", "is not for the role of an agent", fix, "consent_not_allowed")
        return ConsentEntry(
            id=request.message_id or id_from_sqs(sqs_message_id),
            user_id=person.user_id,
            phone_number=person.phone_number,
            purpose=request.purpose,
            topic=None,
            is_given=True,
            at=at,
            until=request.until,
            source=request.source,
            wording=request.wording,
            reference=request.reference,
            recorded_by=recorded_by,
        )
    if not (request.purpose or request.topic):
        return OptOut(person.phone_number, "revoked", at, note=request.source, recorded_at=sent_at)
    return ConsentEntry(
        id=request.message_id or id_from_sqs(sqs_message_id),
        user_id=person.user_id,
        phone_number=person.phone_number,
        purpose=request.purpose,
        topic=request.topic,
        is_given=False,
        at=at,
        until=None,
        source=request.source,
        wording=None,
        reference=request.reference,
        recorded_by=recorded_by,
    )
