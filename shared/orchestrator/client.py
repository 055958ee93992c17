"""The client that an agent imports: publishes messages and withdraws them, and asks what became of them."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack
from uuid import UUID

from orchestrator.asking_client import AskingClient
from orchestrator.aws.queues import OutgoingMessage, send_all
from orchestrator.aws.setup_errors import setup_error
from orchestrator.client_checks import check_data, check_times
from orchestrator.clock import real_time
from orchestrator.errors import DatabaseExtraMissing, PublishFailed
from orchestrator.fair_groups import group_of
from orchestrator.ids import uuid7
from orchestrator.messages import (
    Message,
    MessageFields,
    Request,
    build_consent,
    build_message,
    build_reply,
    build_revocation,
    build_withdrawal,
    to_body,
)
from orchestrator.purpose import Purpose
from orchestrator.settings import DispatchSettings, PublisherSettings, load

if TYPE_CHECKING:
    from orchestrator.delivery.dispatch import DispatchReport

# Logs the ids by which a message is found in the logs of every function that handles it.
logger = logging.getLogger("orchestrator")


class MessageOrchestrator(AskingClient):
    """Publishes messages to the orchestrator.

    Settings come from the environment: `ENQUEUE_QUEUE_URL` to publish; to ask, `QUERY_FUNCTION`, or else `DATABASE_URL`
    (and the `[db]` extra). The region comes from the queue's URL where that names one.

    Raises:
        SettingsError: `ENQUEUE_QUEUE_URL` is missing or malformed.

    Example:
        >>> orchestrator = MessageOrchestrator()
        >>> message_id = orchestrator.queue_message(
        ...     user_id="user_123",
        ...     agent_id="system",
        ...     message_data={"type": "payment_required", "message": "Please update your payment method"},
        ...     priority="urgent",
        ...     can_delay=False,
        ... )
    """

    def __init__(self, settings: PublisherSettings | None = None) -> None:
        super().__init__()
        self._settings = settings or load(PublisherSettings)

    def queue_message(self, **fields: Unpack[MessageFields]) -> UUID:
        """Publish one message.

        Args:
            fields: those of `Message`; `user_id`, `agent_id` and `message_data` are required. docs/rules.md explains
                each.

        Returns:
            The message's id. Publishing the same `message_id` again is the same message.

        Raises:
            InvalidMessage: a field is wrong; nothing was sent.
            PublishFailed: SQS did not take it; publishing it again with the id in the error is safe.
            SettingsError: credentials, region or queue are missing, or this role may not publish; the text names the
                fix, and publishing again does not help.
        """
        return self.queue_messages([fields])[0]

    def queue_messages(self, messages: Iterable[Mapping[str, Any] | Message]) -> list[UUID]:
        """Publish many messages, in SQS batches.

        Args:
            messages: each a `Message`, or the keyword arguments of `queue_message`.

        Returns:
            Their ids, in order.

        Raises:
            InvalidMessage: one of them is wrong; none was sent.
            PublishFailed: SQS did not take the messages that the error names; the others were published.
        """
        requests = [_build_with_id(message) for message in messages]
        self._publish(requests)
        return _ids_of(requests)

    def withdraw(
        self, *, message_id: UUID | str | None = None, user_id: str | UUID | None = None, topic: str | None = None
    ) -> None:
        """Cancel what has not been sent: one message, or a person's messages of a topic.

        A withdrawal that arrives before its message still cancels it (R9).

        Raises:
            InvalidMessage: neither a message, nor a user and a topic, is named.
            PublishFailed: SQS did not take it.
        """
        self._publish([build_withdrawal(message_id=message_id, user_id=user_id, topic=topic)])

    def reply(
        self,
        *,
        user_id: str | UUID,
        content: str,
        agent_id: str | None = None,
        message_id: UUID | str | None = None,
        expires_at: datetime | str | None = None,
        conversation_context_id: UUID | str | None = None,
    ) -> UUID:
        """Answer a person who wrote in the last 60 minutes (R12).

        A reply is sent at once, whatever the limits and quiet hours, unless the person opted out. Replies to one person
        arrive in the order in which they were published. In an older conversation it is an ordinary message.

        Args:
            content: the words, sent unchanged.
            agent_id: the agent that answers; the concierge when left out.

        Returns:
            The message's id. Publishing the same `message_id` again is the same reply.

        Raises:
            InvalidMessage: a field is wrong; nothing was sent.
            PublishFailed: SQS did not take it; publishing it again with the id in the error is safe.
        """
        reply = build_reply(
            user_id=user_id,
            content=content,
            agent_id=agent_id,
            message_id=message_id or uuid7(real_time()),
            expires_at=expires_at,
            conversation_context_id=conversation_context_id,
        )
        check_times(reply, real_time())
        self._publish([reply])
        return _ids_of([reply])[0]

    def record_consent(
        self,
        *,
        user_id: str | UUID,
        source: str,
        purpose: Purpose | str | None = None,
        topic: str | None = None,
        wording: str | None = None,
        reference: str | None = None,
        given_at: datetime | str | None = None,
        until: datetime | str | None = None,
        recorded_by: str | None = None,
    ) -> None:
        """Record that a person agreed to texts of a purpose to the number that they have (R15).

        Marketing goes only to people who agreed to it. The role of an agent cannot record what the agent needs.

        Args:
            topic: instead of a purpose, a topic that the person revoked and wants again.
            source: how and where it was given, such as "web form /signup".
            wording: what was shown to the person.
            reference: where the proof is kept.
            given_at: when; now when left out.
            until: when it ends by itself; None where it does not.

        Raises:
            InvalidMessage: a field is wrong; nothing was sent.
            PublishFailed: SQS did not take it.
        """
        consent = build_consent(
            user_id=user_id,
            purpose=purpose,
            topic=topic,
            source=source,
            wording=wording,
            reference=reference,
            given_at=given_at,
            until=until,
            recorded_by=recorded_by,
            message_id=uuid7(real_time()),
        )
        self._publish([consent])

    def revoke_consent(
        self,
        *,
        user_id: str | UUID,
        source: str,
        purpose: Purpose | str | None = None,
        topic: str | None = None,
        reference: str | None = None,
        revoked_at: datetime | str | None = None,
        recorded_by: str | None = None,
    ) -> None:
        """Record that a person wants no more texts, as they said by e-mail or on the phone: of a purpose or a topic.

        Without purpose and topic the person is opted out, as by STOP (R11).

        Raises:
            InvalidMessage: a field is wrong; nothing was sent.
            PublishFailed: SQS did not take it.
        """
        revocation = build_revocation(
            user_id=user_id,
            source=source,
            purpose=purpose,
            topic=topic,
            reference=reference,
            revoked_at=revoked_at,
            recorded_by=recorded_by,
            message_id=uuid7(real_time()),
        )
        self._publish([revocation])

    def process_due_messages(self) -> "DispatchReport":
        """Hand over what is due: one dispatcher tick, for teams with a cron of their own.

        Returns:
            What the tick did.

        Raises:
            DatabaseExtraMissing: install `message-orchestrator[db]`.
            SettingsError: `DATABASE_URL`, `DELIVERY_QUEUE_URL` or `URGENT_QUEUE_URL` is missing.
        """
        try:
            from orchestrator.delivery.dispatch import dispatch
            from orchestrator.store.database import Database
        except ModuleNotFoundError as error:
            raise DatabaseExtraMissing from error
        settings = load(DispatchSettings)
        with Database(settings).connection() as connection:
            return dispatch(connection, settings, real_time)

    def _publish(self, requests: Sequence[Request]) -> None:
        outgoing = [OutgoingMessage(to_body(request), group=group_of(request)) for request in requests]
        failures = send_all(
            self._settings.enqueue_queue_url, outgoing, lambda error: setup_error(error, "ENQUEUE_QUEUE_URL")
        )
        if failures:
            raise PublishFailed(_ids_of([requests[place] for place in failures]), next(iter(failures.values())))
        logger.info("published", extra={"message_ids": [str(message_id) for message_id in _ids_of(requests)]})


def _build_with_id(message: Mapping[str, Any] | Message) -> Message:
    fields = dict(message) if isinstance(message, Mapping) else message.model_dump(exclude_none=True)
    check_data(fields.get("message_data"))
    found = build_message({**fields, "message_id": fields.get("message_id") or uuid7(real_time())})
    check_times(found, real_time())
    return found


def _ids_of(requests: Sequence[Request]) -> list[UUID]:
    """The message ids of requests; a withdrawal of a topic has none."""
    return [request.message_id for request in requests if request.message_id]
