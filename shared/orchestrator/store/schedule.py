"""Statements of the dispatcher: upkeep, claims, and messages that go back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from orchestrator.event_settings import EventSettings
from orchestrator.leases import URGENT_LEASE
from orchestrator.messages import Lane
from orchestrator.rules.activity import ACTIVE_FOR
from orchestrator.rules.keywords import NOT_CONVERSATION
from orchestrator.rules.limits import Limits
from orchestrator.settings import ActivitySettings
from orchestrator.store.claims import ClaimedMessage, claims_of
from orchestrator.store.database import one_round_trip, only_row, sql

# The most budget rows that are added at once; who is left gets one with the next tick, message or text.
MOST_BUDGET_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Pace:
    """The sender's pace: segments a second, for texts that leave.

    Attributes:
        limits: the default limits of a person, by which the claim guesses which messages will be held.
        agent_start_limit: the limit of agents without settings, for the same purpose (R13).
    """

    per_second: float
    limits: Limits
    agent_start_limit: int


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a tick did before it claimed messages, as numbers of messages.

    Attributes:
        due_again: approved messages whose worker was gone.
        unknown: messages under way whose outcome stayed unknown until their lease ran out.
        expired, incomplete: messages that ended because their time, or the time of their sequence, was over.
        pulled_forward: messages that became due because their person is active.
        rows_taken_up: replies that agents wrote into `messages`.
        twilio_is_out: an outage of Twilio pauses delivery.
    """

    due_again: int = 0
    unknown: int = 0
    expired: int = 0
    incomplete: int = 0
    pulled_forward: int = 0
    rows_taken_up: int = 0
    twilio_is_out: bool = False


def keep_up(
    connection: Connection,
    sends: int,
    lifetime: timedelta,
    events: EventSettings,
    ceilings: ActivitySettings,
    now: datetime,
    limit: int,
) -> Upkeep:
    """Do what a tick does before it claims messages; one round trip.

    Release the messages of dead workers, end messages past their expiry and sequences that stayed incomplete, pull
    messages forward for people who are active, and take up the replies that agents wrote into `messages`.

    Args:
        sends: how often a text that may have been sent is sent at most.
        lifetime: how long a reply that was taken up may wait.
        events: where events go; without a target none is kept.
        ceilings: of the texts that activity lets through (R4).
        limit: the most messages of each kind in one tick.
    """
    parameters = {
        "now": now,
        "limit": limit,
        "sends": sends,
        "lanes": [*Lane],
        "not_conversation": NOT_CONVERSATION,
        "active_after": now - ACTIVE_FOR,
        "texts_per_inbound": ceilings.active_texts_per_inbound,
        "texts_per_hour": ceilings.active_texts_per_hour,
        "user_ids": None,
        "lease_until": None,
        "lifetime": lifetime,
        "event_bus": events.event_bus_name,
        "reply_targets": events.reply_targets,
    }
    with one_round_trip(connection):
        connection.execute(sql("set_event_bus"), parameters)
        connection.execute(sql("set_reply_targets"), parameters)
        released = connection.execute(sql("release_leases"), parameters)
        late = connection.execute(sql("expire_messages"), parameters)
        partial = connection.execute(sql("fail_incomplete_sequences"), parameters)
        pulled = connection.execute(sql("pull_forward"), parameters)
        connection.execute(sql("leave_rows_of_old_senders"), parameters)
        rows = connection.execute(sql("claim_reply_rows"), parameters)
        connection.execute(sql("fail_reply_rows"))
        outage = connection.execute(sql("is_twilio_out"))
    due_again, unknown = only_row(released)
    (expired,) = only_row(late)
    (incomplete,) = only_row(partial)
    (twilio_is_out,) = only_row(outage)
    return Upkeep(due_again, unknown, expired, incomplete, pulled.rowcount, rows.rowcount, twilio_is_out)


def add_budget_rows(connection: Connection, limits: Limits, now: datetime) -> None:
    """Add the UTC day's budget row of people for whom a message is due on that day (R1); one round trip.

    Args:
        limits: of people who have no budget row yet.
    """
    parameters = {
        "lanes": [*Lane],
        "daily_limit": limits.daily,
        "hourly_limit": limits.hourly,
        "tomorrow": datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(0), UTC),
        "now": now,
        "limit": MOST_BUDGET_ROWS,
    }
    connection.execute(sql("add_budget_rows"), parameters)


def expect_inbound_markers(connection: Connection) -> None:
    """Let the first marker of the inbound queue be due from now on, where none was read yet (R11); one round trip."""
    connection.execute(sql("expect_inbound_markers"))


def is_twilio_out(connection: Connection) -> bool:
    """Whether an outage of Twilio pauses delivery; one round trip."""
    return bool(only_row(connection.execute(sql("is_twilio_out")))[0])


def claim_probe(connection: Connection, now: datetime) -> list[ClaimedMessage]:
    """Take the one due message that probes Twilio during an outage, when a probe is due; one round trip."""
    ordinary = [lane for lane in Lane if lane is not Lane.URGENT]
    parameters = {"lanes": [*ordinary, Lane.URGENT], "now": now, "lease_until": now + URGENT_LEASE}
    with one_round_trip(connection):
        rows = connection.execute(sql("claim_probe"), parameters)
    return claims_of(rows)


def claim_replies(connection: Connection, now: datetime) -> list[ClaimedMessage]:
    """Take the first open reply of each person that is due (R12); one round trip."""
    parameters = {"user_ids": None, "now": now, "lease_until": now + URGENT_LEASE}
    with one_round_trip(connection):
        rows = connection.execute(sql("approve_replies"), parameters)
    return claims_of(rows)


def claim_due(
    connection: Connection,
    lane: Lane,
    now: datetime,
    horizon: datetime,
    lease_until: datetime,
    pace: Pace | None,
    limit: int,
) -> list[ClaimedMessage]:
    """Take messages of a lane that fall due up to `horizon`; one round trip.

    Args:
        pace: the sender's pace; None for a lane that it does not bind.
        limit: the most messages of one claim.

    Returns:
        The messages in the order in which they leave.
    """
    parameters = {
        "lane": lane,
        "now": now,
        "horizon": horizon,
        "lease_until": lease_until,
        "per_second": pace and pace.per_second,
        "daily_limit": pace and pace.limits.daily,
        "hourly_limit": pace and pace.limits.hourly,
        "agent_start_limit": pace and pace.agent_start_limit,
        "active_after": now - ACTIVE_FOR,
        "limit": limit,
    }
    with connection.cursor(row_factory=class_row(ClaimedMessage)) as cursor:
        with one_round_trip(connection):
            cursor.execute(sql("claim_due"), parameters)
        return sorted(cursor.fetchall(), key=lambda claimed: claimed.leaves_at or now)


def put_back(connection: Connection, message_ids: Sequence[UUID]) -> None:
    """Make messages that were not handed over due as before; one round trip."""
    with one_round_trip(connection):
        connection.execute(sql("release_messages"), {"message_ids": list(message_ids)})
