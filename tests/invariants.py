"""What holds in the database after each story, whatever it was about."""

from psycopg import Connection

# By what they say: a query that finds nothing where it holds.
INVARIANTS = {
    "only a message that is on its way has a lease": """
        SELECT id, status, reason FROM message_queue
         WHERE lease_until IS NOT NULL AND accepted_at IS NOT NULL AND status NOT IN ('approved', 'sending')
    """,
    "an attempt without an outcome belongs to a message that is being sent": """
        SELECT a.id, m.status, m.reason FROM orchestrator.attempts a JOIN message_queue m ON m.id = a.message_id
         WHERE a.outcome IS NULL AND m.status <> 'sending'
    """,
    "a text that was refused or never sent holds no slot": """
        SELECT id, outcome FROM orchestrator.attempts WHERE holds_slot AND outcome IN ('refused', 'not_sent')
    """,
    "a verdict is on a text of the person whom the message is for": """
        SELECT r.message_id FROM orchestrator.relevance r
          JOIN message_queue m ON m.id = r.message_id
          JOIN messages inbound ON inbound.id = r.inbound_id
         WHERE inbound.user_id <> m.user_id
    """,
}


def broken_invariants(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """The invariants that do not hold, each with the rows that break it."""
    found = {name: connection.execute(query.encode()).fetchall() for name, query in INVARIANTS.items()}
    return {name: rows for name, rows in found.items() if rows}
