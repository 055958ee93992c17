"""The one vocabulary of reasons: in verdicts, tables, metrics, logs and the command line."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message waits, or why it ended. docs/rules.md explains each under its rule."""

    # It waits.
    SCHEDULED = "scheduled"  # its own scheduled_for
    PAUSED = "paused"  # R13
    QUIET_HOURS = "quiet_hours"  # R3
    ZONE_UNKNOWN = "zone_unknown"  # R3
    BEST_TIME = "best_time"  # R7
    YIELDS = "yields"  # R6: something higher is due
    SEQUENCE_INCOMPLETE = "sequence_incomplete"  # R8; it is also how an incomplete one ends
    AGENT_LIMIT = "agent_limit"  # R13: the agent's messages an hour
    DAILY_LIMIT = "daily_limit"  # R1
    HOURLY_LIMIT = "hourly_limit"  # R2
    RELEVANCE_UNKNOWN = "relevance_unknown"  # R10: nobody could judge it; it is also how it ends after a day
    REFORMULATION = "reformulation"  # R10: its agent is to say it anew; it is also how it ends when that does not come
    REPLY_UNJUDGED = "reply_unjudged"  # R11: what the person just wrote may be a wish to stop
    REPLY_ORDER = "reply_order"  # R12: an earlier reply is on its way
    PHONE_UNREACHABLE = "phone_unreachable"  # 30003: the phone could not be reached lately
    PROVIDER_CONFIGURATION = "provider_configuration"  # Twilio refuses our account, not this message
    PROVIDER_BUSY = "provider_busy"  # 429
    PROVIDER_UNREACHABLE = "provider_unreachable"  # failed before the request left
    LEASE_EXPIRED = "lease_expired"  # the worker that held it died

    # It ended.
    OPTED_OUT = "opted_out"  # R11
    WITHDRAWN = "withdrawn"  # R9
    SUPERSEDED = "superseded"  # R9
    STALE = "stale"  # R10: what it says is over
    SEQUENCE_STOPPED = "sequence_stopped"  # R8: another part ended
    EXPIRED = "expired"  # R9
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    NOT_ON_ALLOWLIST = "not_on_allowlist"
    BAD_NUMBER = "bad_number"  # 21211, 21614 and kin; 30005 and 30006 of an earlier text
    FORGOTTEN = "forgotten"  # the person asked for it
    NOTHING_TO_SAY = "nothing_to_say"  # the data makes no words
    REFUSED = "refused"  # any other refusal by Twilio
    UNKNOWN_OUTCOME = "unknown_outcome"  # G2


class Status(StrEnum):
    """`message_queue.status`."""

    QUEUED = "queued"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"
