"""A stand-in for the system that we replace: it sends one message after the other, with 14 statements for each.

Each statement is a round trip of its own.
"""

import time
from datetime import timedelta

import psycopg

from bench.events import START

# Its statements for one message, in its order: activity, limits, quiet hours, the message, its copy, the budget row.
_STATEMENTS = (
    "SELECT * FROM message_queue WHERE id = %(id)s",
    "SELECT * FROM users WHERE id = %(user)s",
    "SELECT created_at FROM messages WHERE user_id = %(user)s AND direction = 'inbound'"
    " ORDER BY created_at DESC LIMIT 1",
    "SELECT * FROM user_message_budget WHERE user_id = %(user)s AND date = %(day)s",
    "INSERT INTO user_message_budget (user_id, date) VALUES (%(user)s, %(day)s) ON CONFLICT DO NOTHING",
    "SELECT count(*) FROM messages WHERE user_id = %(user)s AND direction = 'outbound' AND created_at > %(hour)s",
    "SELECT timezone, quiet_hours_start, quiet_hours_end FROM users WHERE id = %(user)s",
    "UPDATE message_queue SET status = 'approved' WHERE id = %(id)s",
    "SELECT id FROM conversations WHERE user_id = %(user)s AND status = 'active' ORDER BY created_at DESC LIMIT 1",
    "INSERT INTO messages (conversation_id, user_id, role, content, direction, status)"
    " SELECT id, user_id, 'concierge', 'Hello', 'outbound', 'queued' FROM conversations"
    " WHERE user_id = %(user)s LIMIT 1",
    "UPDATE message_queue SET status = 'sent', sent_at = %(now)s, final_message = 'Hello' WHERE id = %(id)s",
    "SELECT increment_message_budget(%(user)s, %(day)s)",
    "UPDATE conversations SET last_message_at = %(now)s WHERE user_id = %(user)s",
    "INSERT INTO agent_actions_log (agent_type, action_type, user_id)"
    " VALUES ('message_orchestrator', 'send', %(user)s)",
)


def deliver(url: str, messages: int) -> float:
    """Deliver messages as the predecessor did; returns seconds."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute("SELECT id, user_id FROM message_queue LIMIT %s", (messages,)).fetchall()
        started = time.perf_counter()
        for message_id, user_id in rows:
            values = {
                "id": message_id,
                "user": user_id,
                "now": START,
                "day": START.date(),
                "hour": START - timedelta(hours=1),
            }
            for statement in _STATEMENTS:
                connection.execute(statement.encode(), values)
        return time.perf_counter() - started
