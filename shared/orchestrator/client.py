"""What an agent imports: publish, withdraw, and ask about a person."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from orchestrator.aws.queues import OutgoingMessage, send_all
from orchestrator.clock import real_time
from orchestrator.errors import DatabaseExtraMissing, PublishFailed
from orchestrator.ids import uuid7
from orchestrator.messages import Lane, Message, Request, build_message, build_reply, build_withdrawal, to_body
from orchestrator.settings import DatabaseSettings, DispatchSettings, PublisherSettings, load

if TYPE_CHECKING:
    from orchestrator.delivery.dispatch import DispatchReport

# By these ids a message is found in the logs of everything that follows.
logger = logging.getLogger("orchestrator")


class MessageOrchestrator:
    """Publishes messages to the orchestrator.

    Settings come from the environment: `ENQUEUE_QUEUE_URL` to publish, `DATABASE_URL` (and the `[db]` extra) for the
    calls that read the database.

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
        self._settings = settings or load(PublisherSettings)

    def queue_message(
        self,
        *,
        user_id: str,
        agent_id: str,
        message_data: Mapping[str, Any],
        priority: Lane | str = Lane.MEDIUM,
        can_delay: bool = True,
        requires_fresh_context: bool = False,
        message_id: UUID | str | None = None,
        scheduled_for: datetime | str | None = None,
        expires_at: datetime | str | None = None,
        topic: str | None = None,
        supersedes_message_id: UUID | str | None = None,
        sequence_id: UUID | str | None = None,
        sequence_position: int | None = None,
        sequence_total: int | None = None,
        conversation_context_id: UUID | str | None = None,
    ) -> UUID:
        """Publish one message; docs/rules.md says what each field does.

        Returns:
            The message's id. Publishing the same `message_id` again is the same message.

        Raises:
            InvalidMessage: a field is wrong; nothing was sent.
            PublishFailed: SQS did not take it; publishing it again with the id in the error is safe.
        """
        fields = {name: value for name, value in locals().items() if name != "self"}
        return self.queue_messages([fields])[0]

    def queue_messages(self, messages: Iterable[Mapping[str, Any] | Message]) -> list[UUID]:
        """Publish many messages, in SQS batches.

        Args:
            messages: each a `Message`, or the keyword arguments of `queue_message`.

        Returns:
            Their ids, in order.

        Raises:
            InvalidMessage: one of them is wrong; none was sent.
            PublishFailed: SQS did not take those it names; the others were published.
        """
        ready = [_with_id(message) for message in messages]
        ids = [message_id for message_id, _ in ready]
        self._publish(ids, [message for _, message in ready])
        return ids

    def withdraw(
        self, *, message_id: UUID | str | None = None, user_id: str | None = None, topic: str | None = None
    ) -> None:
        """Cancel what has not been sent: one message, or all of a topic for a person. It may overtake its message.

        Raises:
            InvalidMessage: it names neither a message, nor a user and a topic.
            PublishFailed: SQS did not take it.
        """
        withdrawal = build_withdrawal(message_id=message_id, user_id=user_id, topic=topic)
        self._publish([withdrawal.message_id] if withdrawal.message_id else [], [withdrawal])

    def reply(
        self,
        *,
        user_id: str,
        content: str,
        agent_id: str | None = None,
        message_id: UUID | str | None = None,
        expires_at: datetime | str | None = None,
        conversation_context_id: UUID | str | None = None,
    ) -> UUID:
        """Answer a person who wrote in the last 60 minutes: at once, past limits and quiet hours, not past an opt-out.

        Replies to one person arrive in the order in which they were made. When the conversation is older, it is an
        ordinary message (R12).

        Args:
            content: the words, as they stand.
            agent_id: who speaks; the concierge when left out.

        Returns:
            The message's id. Making the same `message_id` again is the same reply.

        Raises:
            InvalidMessage: a field is wrong; nothing was sent.
            PublishFailed: SQS did not take it; making it again with the id in the error is safe.
        """
        fields = {name: value for name, value in locals().items() if name != "self"}
        fields["message_id"] = message_id or uuid7(real_time())
        built = build_reply(**fields)
        assert built.message_id is not None  # set two lines above
        self._publish([built.message_id], [built])
        return built.message_id

    def is_user_active(self, user_id: str) -> bool:
        """Whether the person wrote within the last 10 minutes (R4).

        Raises:
            UnknownUser: no user has this id or external id.
            DatabaseExtraMissing: install `message-orchestrator[db]`.
            SettingsError: `DATABASE_URL` is missing.
        """
        try:
            from orchestrator.store.database import Database
            from orchestrator.store.people import is_user_active
        except ModuleNotFoundError as error:
            raise DatabaseExtraMissing from error
        with Database(load(DatabaseSettings)).connection() as connection:
            return is_user_active(connection, user_id, real_time())

    def process_due_messages(self) -> "DispatchReport":
        """Hand over what is due: one dispatcher tick, for people who bring their own cron.

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

    def _publish(self, ids: list[UUID], requests: Sequence[Request]) -> None:
        parcels = [OutgoingMessage(to_body(request), group=request.user_id) for request in requests]
        failures = send_all(self._settings.enqueue_queue_url, parcels)
        if failures:
            raise PublishFailed([ids[place] for place in failures if ids], next(iter(failures.values())))
        logger.info("published", extra={"message_ids": [str(message_id) for message_id in ids]})


def _with_id(message: Mapping[str, Any] | Message) -> tuple[UUID, Message]:
    fields = dict(message) if isinstance(message, Mapping) else message.model_dump(exclude_none=True)
    fields["message_id"] = fields.get("message_id") or uuid7(real_time())
    built = build_message(fields)
    assert built.message_id is not None  # set two lines above
    return built.message_id, built
