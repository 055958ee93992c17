"""Confirms an opt-out that Twilio did not confirm itself: one fixed text, at most once, within five minutes (R11).

47 CFR 64.1200(a)(12) allows one text that confirms a revocation, within five minutes of it, without marketing.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from orchestrator.aws.queues import OutgoingMessage, QueueRecord, send_all
from orchestrator.clock import Clock
from orchestrator.delivery.settlements import settlement_of
from orchestrator.ids import uuid7
from orchestrator.people import country_of
from orchestrator.rules.reasons import Reason, Status
from orchestrator.segments import segments_of
from orchestrator.sender_settings import ConfirmationSettings
from orchestrator.settings import DeliverSettings
from orchestrator.sms.prices import price
from orchestrator.sms.sender import Sender, Sms
from orchestrator.store.database import Database
from orchestrator.store.delivery import settle_wave
from orchestrator.store.opt_outs import Confirmation, DueConfirmation, claim_confirmation, read_due_confirmation

_WORDS = "{name}: You are unsubscribed and will get no more texts from us. Reply START to return."


def confirms_opt_outs(settings: ConfirmationSettings) -> bool:
    """Whether these settings ask for confirmations."""
    return settings.sender_name is not None and settings.stop_confirmation == "on"


def hand_over_confirmations(queue_url: str, due: Sequence[DueConfirmation]) -> None:
    """Hand confirmations over to the deliver function. One that SQS does not take is not sent."""
    send_all(
        queue_url,
        [OutgoingMessage(json.dumps({"opt_out_id": str(one.opt_out_id)}), group=str(one.user_id)) for one in due],
    )


def split_confirmations(records: Sequence[QueueRecord]) -> tuple[list[UUID], list[QueueRecord]]:
    """Split the records of a delivery queue.

    Returns:
        The opt-outs that are to be confirmed, and the records of messages.
    """
    opt_outs: list[UUID] = []
    others: list[QueueRecord] = []
    for record in records:
        try:
            opt_outs.append(UUID(json.loads(record.body)["opt_out_id"]))
        except (ValueError, KeyError, TypeError, AttributeError):
            others.append(record)
    return opt_outs, others


def confirm_opt_out(
    database: Database, opt_out_id: UUID, sender: Sender, settings: DeliverSettings, clock: Clock
) -> bool:
    """Send the confirmation of one opt-out, or none: an outcome that is unknown is never repeated (G2).

    Returns:
        Whether the call to Twilio was made.

    Raises:
        psycopg.Error: before the claim, the record comes back; after it, evidence settles the attempt.
    """
    now = clock()
    with database.connection() as connection:
        due = read_due_confirmation(connection, opt_out_id, now)
    if due is None or not confirms_opt_outs(settings) or not _may_text(due.phone_number, settings):
        return False
    sms = Sms(
        to=due.phone_number,
        body=_WORDS.format(name=settings.sender_name),
        valid_for=int((due.confirm_until - now).total_seconds()),
        message_id=uuid7(now),
        attempt_id=uuid7(now),
    )
    with database.connection() as connection:
        confirmation = _confirmation(opt_out_id, sms, sender, now)
        claimed = claim_confirmation(connection, confirmation, settings.urgent_ceiling_usd, now)
    if not claimed:
        return False
    (outcome,) = sender.send_wave([sms])
    at = clock()
    settlement = settlement_of(sms.attempt_id, outcome, 0, due.confirm_until, sms.to, at)
    if settlement.status is Status.QUEUED:
        # Not tried again: later the person may have written START.
        settlement = replace(settlement, status=Status.CANCELLED, reason=Reason.OPTED_OUT, until=None)
    with database.connection() as connection:
        settle_wave(connection, [settlement], parts=[], answered=[], now=at)
    return True


def _may_text(phone_number: str, settings: DeliverSettings) -> bool:
    return country_of(phone_number) in settings.allowed_countries and settings.may_text(phone_number)


def _confirmation(opt_out_id: UUID, sms: Sms, sender: Sender, now: datetime) -> Confirmation:
    segments = segments_of(sms.body)
    return Confirmation(
        opt_out_id=opt_out_id,
        message_id=sms.message_id,
        attempt_id=sms.attempt_id,
        new_conversation_id=uuid7(now),
        words=sms.body,
        fingerprint=sender.fingerprint(sms),
        segments=segments.number,
        encoding=segments.encoding,
        price_usd=price(segments.number, country_of(sms.to)),
    )
