"""Counts the texts of an agent that a person has not answered."""

from datetime import datetime
from uuid import UUID

from psycopg import Connection

from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.unanswered import UnansweredTexts
from orchestrator.store.database import one_round_trip, only_row, sql


def count_unanswered_texts(
    connection: Connection, user_id: UUID, agent_id: str, day_began_at: datetime, now: datetime
) -> UnansweredTexts:
    """Count an agent's texts to a person that the person has not answered; one round trip.

    Args:
        agent_id: as the queue has it: trimmed, in lower case.
        day_began_at: when the person's day began; `start_of_day` in the zone that `calendar_zone` names.
    """
    with one_round_trip(connection):
        found = connection.execute(
            sql("count_unanswered_texts"),
            {
                "user_id": user_id,
                "agent_id": agent_id,
                "day_began_at": day_began_at,
                "not_conversation": NOT_CONVERSATION,
                "now": now,
            },
        )
    sent, published = only_row(found)
    return UnansweredTexts(sent, published - sent)
