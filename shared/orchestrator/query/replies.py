"""What people wrote, a page at a time, each text with the message that it answers."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from psycopg import Connection

from orchestrator.errors import InvalidQuery
from orchestrator.queries import PersonReply, RepliesPage, RepliesQuery
from orchestrator.query.moments import without_numbers
from orchestrator.query.scope import CallerScope
from orchestrator.query.statuses import status_of
from orchestrator.store.people import find_user
from orchestrator.store.query import ReplyRow, read_replies, read_statuses

# How far back replies are read where the caller names no time.
DEFAULT_SPAN = timedelta(days=7)
_FIRST_ID = UUID(int=0)


def replies_of(connection: Connection, query: RepliesQuery, scope: CallerScope, now: datetime) -> RepliesPage:
    """A page of what a person wrote, or of what answers a message.

    Raises:
        UnknownUser: no person has the id.
        InvalidQuery: `page` is none of ours.
    """
    message = None
    if query.message_id is not None:
        row = read_statuses(connection, [query.message_id], scope.agent_prefix, now).get(query.message_id)
        message = status_of(query.message_id, row)
        if row is None or row.user_id is None:
            return RepliesPage(replies=[], message=message)
        # An answer is never older than its message.
        user_id, since = row.user_id, query.since or row.accepted_at or now - DEFAULT_SPAN
    else:
        assert query.user_id is not None  # checked by the query
        user_id, since = find_user(connection, query.user_id), query.since or now - DEFAULT_SPAN
    found = read_replies(
        connection,
        user_id,
        agent_prefix=scope.agent_prefix,
        message_id=query.message_id,
        since=since,
        after=_place_of(query.page) if query.page else (since, _FIRST_ID),
        limit=query.limit + 1,  # one more shows whether there is a next page
        now=now,
    )
    page = found[: query.limit]
    return RepliesPage(
        replies=[_reply_of(row) for row in page],
        next_page=_page_after(page[-1]) if len(found) > len(page) else None,
        message=message,
    )


def _reply_of(row: ReplyRow) -> PersonReply:
    return PersonReply(
        reply_id=row.reply_id,
        written_at=row.written_at.astimezone(UTC),
        kind=row.kind,
        words=without_numbers(row.words),
        answers=row.answers,
        may_answer=row.may_answer,
        agent_id=row.agent_id if row.answers else None,
    )


def _page_after(row: ReplyRow) -> str:
    return f"{row.written_at.astimezone(UTC).isoformat()}~{row.reply_id}"


def _place_of(page: str) -> tuple[datetime, UUID]:
    at, _, reply_id = page.partition("~")
    with suppress(ValueError, OverflowError):
        written_at = datetime.fromisoformat(at)
        if written_at.tzinfo is not None:
            return written_at.astimezone(UTC), UUID(reply_id)
    raise InvalidQuery("invalid_query", "page: is no page of ours", "Give `next_page` of the answer before")
