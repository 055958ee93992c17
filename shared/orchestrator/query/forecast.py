"""What would become of a message if it were published now: the rules' own decisions, one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection

from orchestrator.delivery.words import names_sender
from orchestrator.errors import InvalidQuery, UnknownUser
from orchestrator.ids import uuid7
from orchestrator.intake.acceptance import Arrival, accept
from orchestrator.jurisdictions import read_law
from orchestrator.messages import Message, build_message
from orchestrator.query.scope import CallerScope
from orchestrator.query.settings import QuerySettings
from orchestrator.rules.decision import decide
from orchestrator.rules.decision_values import CheckRelevance, End, Hold, Send
from orchestrator.rules.reasons import Reason
from orchestrator.rules.state import Delivery
from orchestrator.store.intake import read_known_records
from orchestrator.store.query import is_in_scope, read_imagined_delivery

# A hold ends in another one at most so often before its end is called unknown: quiet hours, then a limit, and so on.
_MOST_HOLDS = 20


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the rules say of an imagined message.

    Attributes:
        send, at: the decision by which it would go, and when; None where it would not, or when is not known.
        hold: what holds it now; None where it could go now.
        end: why it would end without being sent.
    """

    delivery: Delivery
    send: Send | None = None
    at: datetime | None = None
    hold: Hold | None = None
    end: End | None = None


def imagine(
    connection: Connection, fields: Mapping[str, Any], scope: CallerScope, settings: QuerySettings, now: datetime
) -> Forecast:
    """Accept a message as intake does, storing nothing, and decide on it as delivery does, now and when holds end.

    Raises:
        InvalidMessage: intake would reject it.
        InvalidQuery: its agent is none of the caller's.
        UnknownUser: no person has its `user_id`.
    """
    # Ids of other messages are left out: whether they exist, and whose they are, is not the caller's to know.
    hidden = ("message_id", "messageId", "supersedes_message_id", "supersedesMessageId")
    message = build_message({name: value for name, value in fields.items() if name not in hidden})
    if not is_in_scope(connection, message.agent_id, scope.agent_prefix):
        raise InvalidQuery("not_allowed", "agent_id: is none of the caller's agents", "Use an id with your own prefix")
    delivery = _delivery_of(connection, message, settings, now)
    return _decide_until_it_goes(delivery, settings, now)


def _delivery_of(connection: Connection, message: Message, settings: QuerySettings, now: datetime) -> Delivery:
    known = read_known_records(
        connection,
        references=[message.user_id],
        conversation_ids=[message.conversation_context_id] if message.conversation_context_id else [],
        message_ids=[],
        sequence_ids=[],
        speakers=[(message.agent_id, "")],
        start_limit=settings.agent_start_limit,
        now=now,
    )
    if message.user_id not in known.people:
        raise UnknownUser(message.user_id)
    # Who publishes is known only once SQS names the sender: any publisher is taken for the right one here.
    known = replace(known, agents=[replace(agent, publishers=None) for agent in known.agents])
    arrival = Arrival(sqs_message_id="preview", publisher="", sent_at=now, earlier=0)
    accepted = accept(message.model_copy(update={"message_id": uuid7(now)}), arrival, known, settings, now)
    return read_imagined_delivery(
        connection,
        accepted,
        message.message_data,
        agent_start_limit=settings.agent_start_limit,
        names_sender=settings.sender_name is not None,
        now=now,
    )


def _decide_until_it_goes(delivery: Delivery, settings: QuerySettings, now: datetime) -> Forecast:
    law = read_law(settings.law_file)
    first_hold: Hold | None = None
    at = now
    for _ in range(_MOST_HOLDS):
        decision = decide(delivery.state, delivery.person, paused=delivery.paused, policy=settings, law=law, now=at)
        match decision:
            case Send() if not names_sender(delivery, settings, at):
                return Forecast(delivery, hold=first_hold or Hold(at, Reason.SENDER_UNNAMED))
            case Send():
                return Forecast(delivery, send=decision, at=at, hold=first_hold)
            case End():
                return Forecast(delivery, hold=first_hold, end=decision)
            case Hold(until):
                first_hold = first_hold or decision
                if until <= at:
                    break  # a pause: its end is an operator's
                at = until
            case CheckRelevance():
                break
    return Forecast(delivery, hold=first_hold)
