"""The client for agents that run under asyncio: the calls of `MessageOrchestrator`, each in a thread of its own."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack, overload
from uuid import UUID

from orchestrator.ask import answer_in, outlast_failures
from orchestrator.asking_client import ManyIds
from orchestrator.client import MessageOrchestrator
from orchestrator.clock import countdown
from orchestrator.messages import Message, MessageFields
from orchestrator.purpose import Purpose
from orchestrator.queries import Budget, MessageStatus, PersonReply, Preview, RepliesPage
from orchestrator.settings import PublisherSettings

if TYPE_CHECKING:
    from orchestrator.delivery.dispatch import DispatchReport


class AsyncMessageOrchestrator:
    """Publishes and asks without blocking the event loop.

    Each call is that of `MessageOrchestrator` with the same name, arguments, results and errors. boto3 and the database
    driver wait in a thread of the loop's executor.

    Raises:
        SettingsError: `ENQUEUE_QUEUE_URL` is missing or malformed.

    Example:
        >>> orchestrator = AsyncMessageOrchestrator()
        >>> message_id = await orchestrator.queue_message(
        ...     user_id="user_123",
        ...     agent_id="concierge",
        ...     message_data={"type": "question", "message": "Shall I introduce you?"},
        ...     expects_reply=True,
        ... )
        >>> reply = await orchestrator.wait_for_reply(message_id, timeout=600)
    """

    def __init__(self, settings: PublisherSettings | None = None) -> None:
        self._client = MessageOrchestrator(settings)

    async def queue_message(self, **fields: Unpack[MessageFields]) -> UUID:
        """See `MessageOrchestrator.queue_message`."""
        return await asyncio.to_thread(self._client.queue_message, **fields)

    async def queue_messages(self, messages: Iterable[Mapping[str, Any] | Message]) -> list[UUID]:
        """See `MessageOrchestrator.queue_messages`."""
        return await asyncio.to_thread(self._client.queue_messages, messages)

    async def withdraw(
        self, *, message_id: UUID | str | None = None, user_id: str | UUID | None = None, topic: str | None = None
    ) -> None:
        """See `MessageOrchestrator.withdraw`."""
        await asyncio.to_thread(self._client.withdraw, message_id=message_id, user_id=user_id, topic=topic)

    async def reply(
        self,
        *,
        user_id: str | UUID,
        content: str,
        agent_id: str | None = None,
        message_id: UUID | str | None = None,
        expires_at: datetime | str | None = None,
        conversation_context_id: UUID | str | None = None,
    ) -> UUID:
        """See `MessageOrchestrator.reply`."""
        return await asyncio.to_thread(
            self._client.reply,
            user_id=user_id,
            content=content,
            agent_id=agent_id,
            message_id=message_id,
            expires_at=expires_at,
            conversation_context_id=conversation_context_id,
        )

    async def record_consent(
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
        """See `MessageOrchestrator.record_consent`."""
        await asyncio.to_thread(
            self._client.record_consent,
            user_id=user_id,
            source=source,
            purpose=purpose,
            topic=topic,
            wording=wording,
            reference=reference,
            given_at=given_at,
            until=until,
            recorded_by=recorded_by,
        )

    async def revoke_consent(
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
        """See `MessageOrchestrator.revoke_consent`."""
        await asyncio.to_thread(
            self._client.revoke_consent,
            user_id=user_id,
            source=source,
            purpose=purpose,
            topic=topic,
            reference=reference,
            revoked_at=revoked_at,
            recorded_by=recorded_by,
        )

    @overload
    async def status(self, message_ids: UUID | str) -> MessageStatus: ...
    @overload
    async def status(self, message_ids: ManyIds) -> list[MessageStatus]: ...
    async def status(self, message_ids: UUID | str | ManyIds) -> MessageStatus | list[MessageStatus]:
        """See `MessageOrchestrator.status`."""
        return await asyncio.to_thread(self._client.status, message_ids)

    async def budget(self, user_id: str | UUID, *, agent_id: str | None = None) -> Budget:
        """See `MessageOrchestrator.budget`."""
        return await asyncio.to_thread(self._client.budget, user_id, agent_id=agent_id)

    async def replies(
        self,
        user_id: str | UUID | None = None,
        *,
        message_id: UUID | str | None = None,
        since: datetime | None = None,
        page: str | None = None,
        limit: int = 20,
    ) -> RepliesPage:
        """See `MessageOrchestrator.replies`."""
        return await asyncio.to_thread(
            self._client.replies, user_id, message_id=message_id, since=since, page=page, limit=limit
        )

    async def wait_for_reply(
        self,
        message_id: UUID | str,
        timeout: float,  # noqa: ASYNC109  (it ends with None, as the call without asyncio does)
        *,
        every: float = 2.0,
    ) -> PersonReply | None:
        """See `MessageOrchestrator.wait_for_reply`. Between two questions no thread waits."""
        time_left = countdown(timeout)
        while True:
            reply = None
            with outlast_failures(time_left):
                reply = answer_in(await self.replies(message_id=message_id, limit=1))
            if reply is not None or time_left() <= 0:
                return reply
            await asyncio.sleep(max(min(every, time_left()), 0))

    async def preview(self, **fields: Unpack[MessageFields]) -> Preview:
        """See `MessageOrchestrator.preview`."""
        return await asyncio.to_thread(self._client.preview, **fields)

    async def is_user_active(self, user_id: str | UUID) -> bool:
        """See `MessageOrchestrator.is_user_active`."""
        return await asyncio.to_thread(self._client.is_user_active, user_id)

    async def process_due_messages(self) -> "DispatchReport":
        """See `MessageOrchestrator.process_due_messages`."""
        return await asyncio.to_thread(self._client.process_due_messages)
