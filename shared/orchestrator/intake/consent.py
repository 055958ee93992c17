"""Consents and revocations: what each adds to the ledger, whether it came on the queue or from an operator (R15)."""

from datetime import datetime, timedelta
from uuid import UUID

from orchestrator.consents import ConsentEntry, ConsentRecord, ConsentRevocation
from orchestrator.errors import InvalidMessage
from orchestrator.people import Person
from orchestrator.store.opt_outs import OptOut

# A publisher's clock may be so far ahead.
CLOCK_TOLERANCE = timedelta(minutes=5)


def entry_of(
    request: ConsentRecord | ConsentRevocation, entry_id: UUID, person: Person, author: str, now: datetime
) -> ConsentEntry | OptOut:
    """Return what a request adds: an entry of the ledger, or the opt-out of a person who revoked everything.

    Args:
        entry_id: its id where the request has none.
        author: who recorded it, where the request does not say so.
        now: when it was recorded.

    Raises:
        InvalidMessage: its time lies in the future.
    """
    if isinstance(request, ConsentRecord):
        field, stated = "given_at", request.given_at
    else:
        field, stated = "revoked_at", request.revoked_at
    if stated and stated > now + CLOCK_TOLERANCE:
        raise InvalidMessage(field, "lies in the future", "Give the time at which the person said so", "in_the_future")
    at = min(stated or now, now)
    if isinstance(request, ConsentRevocation) and not (request.purpose or request.topic):
        return OptOut(person.phone_number, "revoked", at, note=request.source, recorded_at=now)
    given = request if isinstance(request, ConsentRecord) else None
    return ConsentEntry(
        id=request.message_id or entry_id,
        user_id=person.user_id,
        phone_number=person.phone_number,
        purpose=request.purpose,
        topic=request.topic,
        is_given=given is not None,
        at=at,
        until=given.until if given else None,
        source=request.source,
        wording=given.wording if given else None,
        reference=request.reference,
        recorded_by=request.recorded_by or author,
    )


def check_author(request: ConsentRecord | ConsentRevocation, owner: str | None) -> None:
    """Check that no agent's own role records the consent that the agent needs; every publisher may revoke.

    Args:
        owner: the publisher where agents are bound to it; None for every other one.

    Raises:
        InvalidMessage: it does.
    """
    if owner is not None and isinstance(request, ConsentRecord):
        fix = "Record consents with a role that publishes for no agent, or with `orchestrator consent add`"
        raise InvalidMessage("action", "is not for the role of an agent", fix, "consent_not_allowed")
