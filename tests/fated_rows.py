"""Rows of any table, each with its situation in plain words and what is to become of it.

A statement is run once on all of them. `unexpected` then names the rows that it should have taken and did not, and those
that it should have left alone.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection
from psycopg import sql as compose
from psycopg.types.json import Jsonb

from tests.rows_by_name import id_of

# What becomes of a row; a mapping names the columns that change, with their new values.
Fate = Mapping[str, Any] | None
GONE: Final = None
KEPT: Final[Mapping[str, Any]] = {}

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
# What a row needs beside what its situation is about.
_NEEDED: Mapping[str, Mapping[str, Any]] = {
    "orchestrator.answer_hours": {},
    "orchestrator.approvals": {"digest": "", "approved_at": LONG_AGO},
    "orchestrator.attempts": {
        "phone_number": "", "fingerprint": "", "local_date": LONG_AGO.date(), "holds_slot": True, "started_at": LONG_AGO,
    },
    "orchestrator.consents": {
        "phone_number": "", "purpose": "marketing", "is_given": True, "at": LONG_AGO, "source": "form",
        "recorded_by": "operator", "recorded_at": LONG_AGO,
    },
    "orchestrator.events": {"type": "message.sent", "at": LONG_AGO},
    "orchestrator.kept_words": {"content": "", "written_at": LONG_AGO},
    "orchestrator.left_alone": {},
    "orchestrator.legal_holds": {"note": "claim", "held_at": LONG_AGO},
    "orchestrator.media": {"place": 0, "url": "https://x/1", "content_type": "image/png"},
    "orchestrator.number_checks": {"phone_number": "", "verified_on": LONG_AGO.date(), "answer": "no", "asked_at": LONG_AGO},
    "orchestrator.numbers": {"changed_at": LONG_AGO},
    "orchestrator.operator_actions": {"at": LONG_AGO, "operator": "olga", "action": "x", "target": "", "change": {}},
    "orchestrator.opt_outs": {"source": "keyword", "opted_out_at": LONG_AGO},
    "orchestrator.pauses": {"scope": "agent", "paused_at": LONG_AGO},
    "orchestrator.readings": {"phone_number": "", "kind": "conversation", "received_at": LONG_AGO},
    "orchestrator.rejections": {"reason": "invalid", "field": "", "problem": "", "rejected_at": LONG_AGO},
    "orchestrator.relevance": {"verdict": "relevant", "why": "", "judged_at": LONG_AGO},
    "orchestrator.strangers": {"phone_number": "", "body": "", "media": [], "received_at": LONG_AGO},
    "orchestrator.timeline": {"at": LONG_AGO, "status": "queued", "reason": ""},
    "orchestrator.topic_withdrawals": {"topic": "t", "publisher": "p", "withdrawn_at": LONG_AGO},
    "orchestrator.withdrawals": {"publisher": "p", "withdrawn_at": LONG_AGO},
    "orchestrator.agent_rates": {"span": LONG_AGO, "accepted": 1},
    "orchestrator.inbound_texts": {"sent_at": LONG_AGO},
    "orchestrator.waits_for_users": {"since": LONG_AGO, "until": LONG_AGO},
    "agent_actions_log": {"agent_type": "concierge", "action_type": "chat"},
    "agent_tasks": {"task_type": "x", "agent_type": "x", "scheduled_for": LONG_AGO, "context_json": {}},
    "conversations": {"phone_number": "+12125550199"},
    "message_queue": {"agent_id": "concierge", "message_data": {}, "scheduled_for": LONG_AGO},
    "messages": {"role": "concierge", "content": "", "direction": "outbound"},
    "user_message_budget": {"date": LONG_AGO.date()},
    "users": {"timezone": "America/New_York"},
}  # fmt: skip
# The columns of a key that is not `id`, and those of it that are made of the situation where it does not name them.
_KEYS: Mapping[str, tuple[str, ...]] = {
    "orchestrator.agent_rates": ("agent_id", "span"),
    "orchestrator.answer_hours": ("user_id",),
    "orchestrator.approvals": ("message_id",),
    "orchestrator.inbound_texts": ("inbound_id",),
    "orchestrator.kept_words": ("text_id",),
    "orchestrator.left_alone": ("message_id",),
    "orchestrator.legal_holds": ("user_id",),
    "orchestrator.media": ("inbound_id", "place"),
    "orchestrator.numbers": ("phone_number",),
    "orchestrator.pauses": ("scope", "value"),
    "orchestrator.readings": ("inbound_id",),
    "orchestrator.rejections": ("sqs_message_id",),
    "orchestrator.relevance": ("message_id",),
    "orchestrator.strangers": ("sid",),
    "orchestrator.topic_withdrawals": ("user_id", "topic", "publisher"),
    "orchestrator.waits_for_users": ("message_id",),
    "orchestrator.withdrawals": ("message_id", "publisher"),
}
_MADE_TEXTS = ("value", "sqs_message_id", "sid")
_MADE_IDS = ("id", "message_id", "inbound_id", "text_id", "user_id")


class FatedRows:
    """Rows with situations and fates."""

    def __init__(self, connection: Connection) -> None:
        """Begin without rows."""
        self.connection = connection
        self._rows: dict[str, tuple[str, Mapping[str, Any], Mapping[str, Any], Fate]] = {}

    def add(self, table: str, situation: str, fate: Fate = KEPT, /, **columns: Any) -> UUID:
        """Write a row; returns its id, which is made of its situation where none is given."""
        assert situation not in self._rows, f"two rows of one situation: {situation}"
        row_id = id_of(situation)
        keys = _KEYS.get(table, ("id",))
        made = {
            name: situation if name in _MADE_TEXTS else row_id for name in keys if name in (*_MADE_TEXTS, *_MADE_IDS)
        }
        if table == "orchestrator.attempts":
            made |= {"message_id": row_id, "conversation_id": row_id}
        if table == "orchestrator.timeline":
            made = {}  # a number that the table gives
        row = {**made, **_NEEDED[table], **columns}
        statement = compose.SQL("INSERT INTO {} AS t ({}) VALUES ({}) RETURNING to_jsonb(t)").format(
            compose.Identifier(*table.split(".")),
            compose.SQL(", ").join(map(compose.Identifier, row)),
            compose.SQL(", ").join(compose.Placeholder() * len(row)),
        )
        ((stored,),) = self.connection.execute(statement, list(map(_adapted, row.values()))).fetchall()
        self._rows[situation] = (table, {key: stored[key] for key in keys}, stored, fate)
        return columns.get("id", row_id)  # type: ignore[no-any-return]  # an id

    def unexpected(self) -> dict[str, tuple[object, object]]:
        """The situations in which something else happened: what did, and what should have."""
        tables = {table for table, *_ in self._rows.values()}
        now = {
            table: [
                row
                for (row,) in self.connection.execute(
                    compose.SQL("SELECT to_jsonb(t) FROM {} t").format(compose.Identifier(*table.split(".")))
                )
            ]
            for table in tables
        }
        found: dict[str, tuple[object, object]] = {}
        for situation, (table, key, before, fate) in self._rows.items():
            after = next((row for row in now[table] if key.items() <= row.items()), None)
            expected = "gone" if fate is None else dict(fate)
            changed: object = "gone"
            if after is not None:
                changed = {name: _like(expected, name, after[name]) for name in after if after[name] != before[name]}
            if changed != expected:
                found[situation] = changed, expected
        return found


def _adapted(value: Any) -> Any:
    return Jsonb(value) if isinstance(value, dict) or value == [] else value


def _like(expected: object, name: str, value: Any) -> Any:
    """The value of a column of JSON, in the type of the expected one."""
    like = expected.get(name) if isinstance(expected, dict) else None
    if value is not None and isinstance(like, datetime):
        return datetime.fromisoformat(value)
    return UUID(value) if value is not None and isinstance(like, UUID) else value
