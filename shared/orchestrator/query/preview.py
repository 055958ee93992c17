"""Previews a message, and says what a person may still get. Nothing is stored."""

import math
from datetime import datetime

from psycopg import Connection

from orchestrator.clock import countdown
from orchestrator.delivery.attempts import digests_of
from orchestrator.delivery.words import fault_of_words, find_words
from orchestrator.errors import InvalidMessage
from orchestrator.messages import Lane
from orchestrator.people import Person, country_of
from orchestrator.queries import Budget, BudgetQuery, Moment, Preview, PreviewQuery
from orchestrator.query.forecast import Forecast, imagine
from orchestrator.query.moments import in_words, moment_of, without_numbers
from orchestrator.query.scope import CallerScope
from orchestrator.query.settings import QuerySettings
from orchestrator.rules.activity import is_active
from orchestrator.rules.approval import waits_for_approval
from orchestrator.rules.decision_values import End, Hold, Send
from orchestrator.rules.explanations import explain
from orchestrator.rules.limits import budget_day, calendar_zone, limits_of
from orchestrator.rules.local_time import start_of_day
from orchestrator.rules.next_steps import IF_PUBLISHED, step_of_end, step_of_hold
from orchestrator.rules.reasons import Reason
from orchestrator.rules.same_words import compared_since
from orchestrator.rules.state import Delivery
from orchestrator.rules.unanswered import refuse_another
from orchestrator.segments import segments_of
from orchestrator.sms.prices import price
from orchestrator.store.query import has_same_words
from orchestrator.store.unanswered import count_unanswered_texts

# The agent of a budget that names none: it has no settings, so that no limit of agents counts.
_NO_AGENT = "no agent"


def preview_of(
    connection: Connection, query: PreviewQuery, scope: CallerScope, settings: QuerySettings, now: datetime
) -> Preview:
    """Say whether a message would go, when, and in which words.

    Raises:
        InvalidQuery: its agent is none of the caller's.
        UnknownUser: no person has its `user_id`.
    """
    try:
        forecast = imagine(connection, query.message, scope, settings, now)
    except InvalidMessage as problem:
        step = f"It would be rejected. {problem.fix}."
        return Preview(outcome="refuse", reason=problem.reason, why=without_numbers(str(problem)), next_step=step)
    if forecast.send is None or forecast.at is None:
        found = _without_words(forecast)
    else:
        found = _with_words(connection, forecast, forecast.send, forecast.at, settings, now)
    return found.model_copy(update={"unanswered": _unanswered(connection, forecast.delivery, now)})


def budget_of(
    connection: Connection, query: BudgetQuery, scope: CallerScope, settings: QuerySettings, now: datetime
) -> Budget:
    """Say how many texts a person may still get, and when the next ordinary one could go.

    Raises:
        InvalidMessage: the agent's or the person's id cannot be one, or the person's country is not allowed.
        InvalidQuery: the agent is none of the caller's.
        UnknownUser: no person has the id.
    """
    imagined = {
        "user_id": query.user_id,
        "agent_id": query.agent_id or scope.agent_prefix or _NO_AGENT,
        "message_data": {"type": "budget", "message": "Hello"},
        "priority": Lane.MEDIUM,
        "can_delay": False,
    }
    forecast = imagine(connection, imagined, scope, settings, now)
    person = forecast.delivery.person
    limits = limits_of(person, settings)
    # What holds it until it expires comes before the expiry.
    stop = forecast.hold or forecast.end
    return Budget(
        left_today=max(limits.daily - person.sent_by_day.get(budget_day(person, now), 0), 0),
        left_this_hour=max(limits.hourly - len(person.recent_sends), 0),
        next_allowed=_moment(forecast.at, person),
        reason=stop.reason if stop else None,
        why=_why(forecast.hold, forecast.end),
        is_active=is_active(person, now),
        is_opted_out=person.opted_out,
    )


def _with_words(
    connection: Connection, forecast: Forecast, send: Send, at: datetime, settings: QuerySettings, now: datetime
) -> Preview:
    delivery, person = forecast.delivery, forecast.delivery.person
    found = find_words([(delivery, send)], settings, countdown(math.inf), at, may_ask=False)[delivery.message_id]
    text = found.text or ""
    fault = fault_of_words(found.text) or _fault_of_repeat(connection, delivery, text, found.source, at)
    if fault:
        return Preview(outcome="refuse", reason=fault, why=explain(fault), next_step=step_of_end(fault))
    segments = segments_of(text).number
    hold = forecast.hold or (Hold(at, Reason.APPROVAL) if waits_for_approval(delivery, text) else None)
    due = _moment(at, person)
    is_draft = found.source != "verbatim"
    step = step_of_hold(hold.reason, in_words(due)) if hold else "It would go now."
    return Preview(
        outcome="send" if at <= now and hold is None else "hold",
        due=due,
        reason=hold.reason if hold else None,
        why=_why(hold, None),
        next_step=f"{IF_PUBLISHED}{step}" if hold else step,
        words=without_numbers(text),
        words_are="draft" if is_draft else "certain",
        segments=segments,
        most_segments=max(settings.max_segments, segments) if is_draft else segments,
        cost_usd=float(price(segments, country_of(person.phone_number))),
    )


def _fault_of_repeat(connection: Connection, delivery: Delivery, text: str, source: str, at: datetime) -> Reason | None:
    """Whether the same words went to the person so lately that they do not go again (R14)."""
    since = compared_since(delivery.state, None, at)
    if since is None:
        return None
    is_repeat = has_same_words(connection, delivery.person.user_id, digests_of(delivery, text, source), since)
    return Reason.SAME_WORDS if is_repeat else None


def _unanswered(connection: Connection, delivery: Delivery, now: datetime) -> str | None:
    """Why the tools of models publish no more of this agent for the person today; None where they may."""
    began_at = start_of_day(now, calendar_zone(delivery.person))
    user_id = delivery.person.user_id
    return refuse_another(count_unanswered_texts(connection, user_id, delivery.agent_id, began_at, now))


def _without_words(forecast: Forecast) -> Preview:
    """A message that would end unsent, or that something holds whose end is not known."""
    if forecast.end is not None:
        reason = forecast.end.reason
        return Preview(outcome="refuse", reason=reason, why=_why(None, forecast.end), next_step=step_of_end(reason))
    reason_of_hold = forecast.hold.reason if forecast.hold else None
    step = f"{IF_PUBLISHED}{step_of_hold(reason_of_hold, None)}"
    return Preview(outcome="hold", reason=reason_of_hold, why=_why(forecast.hold, None), next_step=step)


def _why(hold: Hold | None, end: End | None) -> str | None:
    """What holds an imagined message now, or else what ends it, in words."""
    if hold is not None:
        return without_numbers(explain(hold.reason, hold.note))
    return explain(end.reason) if end else None


def _moment(at: datetime | None, person: Person) -> Moment | None:
    return moment_of(at, person.timezone, person.phone_number) if at else None
