"""Writes what people write as rows of the table `events`, by which agents of the former system learn of it."""

import json
from collections.abc import Sequence

import psycopg
from psycopg import Connection

from orchestrator.clock import Countdown
from orchestrator.event_targets.answers import Refusal, TargetAnswer, detail_of
from orchestrator.store.events import Event, insert_rows_of_events


def write_rows(connection: Connection, event_type: str, events: Sequence[Event], time_left: Countdown) -> TargetAnswer:
    """Write events as rows, together; where the table refuses one of them, each by itself.

    Args:
        time_left: a table that its owner has locked is waited for so long, and not once for each event.

    Raises:
        psycopg.Error: the connection broke.
    """
    # The row is the owner's and outlives the person, so it names them by our id alone.
    payloads = [
        json.dumps({name: value for name, value in detail_of(event).items() if name != "external_id"})
        for event in events
    ]
    try:
        insert_rows_of_events(connection, event_type, events, payloads, time_left())
    except psycopg.Error as error:
        if connection.closed:
            raise
        if len(events) == 1 or time_left() <= 0:
            return TargetAnswer([], {event.id: Refusal(f"SQLSTATE {error.sqlstate}") for event in events})
    else:
        return TargetAnswer([event.id for event in events])
    answers = [write_rows(connection, event_type, [event], time_left) for event in events if time_left() > 0]
    return TargetAnswer(
        [event_id for answer in answers for event_id in answer.taken],
        {event_id: refusal for answer in answers for event_id, refusal in answer.refused.items()},
    )
