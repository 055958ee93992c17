"""The reasons and statuses of messages, as decisions, tables, metrics, logs and the command line use them."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message waits, or why it ended (docs/rules.md)."""

    # The message waits.
    SCHEDULED = "scheduled"  # its own scheduled_for
    PAUSED = "paused"  # R13
    QUIET_HOURS = "quiet_hours"  # R3
    LAW_HOURS = "law_hours"  # R15: the hours, weekdays and holidays of the person's place
    LAW_CAP = "law_cap"  # R15: the most texts in the person's place
    LAW_PLACE_UNKNOWN = "law_place_unknown"  # R15: no place is known, or what holds there
    NO_CONSENT = "no_consent"  # R15: none is stored, or it was revoked; also the end after 15 minutes
    NUMBER_UNCHECKED = "number_unchecked"  # R15: Twilio has not said whether the number has another owner
    SENDER_UNNAMED = "sender_unnamed"  # R15: a Canadian marketing text must name its sender, which no setting does
    ZONE_UNKNOWN = "zone_unknown"  # R3
    BEST_TIME = "best_time"  # R7
    YIELDS = "yields"  # R6: a higher lane is due
    SEQUENCE_INCOMPLETE = "sequence_incomplete"  # R8; also the end of an incomplete sequence
    AGENT_LIMIT = "agent_limit"  # R13: the hourly limit of its agents
    QUESTION_OPEN = "question_open"  # another agent's question to the person is open
    DAILY_LIMIT = "daily_limit"  # R1
    HOURLY_LIMIT = "hourly_limit"  # R2
    RELEVANCE_UNKNOWN = "relevance_unknown"  # R10: Claude gave no verdict; also the end after a day
    REFORMULATION = "reformulation"  # R10: its agent was asked to reformulate it; also the end after the deadline
    REPLY_UNJUDGED = "reply_unjudged"  # R11: an unread text may be a wish to stop
    INBOUND_UNREAD = "inbound_unread"  # R11: after an outage, a STOP may still lie in the inbound queue
    APPROVAL = "approval"  # R13: an operator approves its words first
    REPLY_ORDER = "reply_order"  # R12: each reply waits until those before it are on their way
    REPLY_LIMIT = "reply_limit"  # R12: above the ceilings of replies it becomes an ordinary message
    NUMBER_UNREADABLE = "number_unreadable"  # the stored text is no number that can be read
    PHONE_UNREACHABLE = "phone_unreachable"  # Twilio's 30003, 30004, 30023: no text reached the phone lately
    DROPPED_UNSENT = "dropped_unsent"  # Twilio's 30036 and the like: it took the text, and certainly did not send it
    PROVIDER_CONFIGURATION = "provider_configuration"  # Twilio or carriers refuse our account, not this message
    PROVIDER_BUSY = "provider_busy"  # 429
    PROVIDER_UNREACHABLE = "provider_unreachable"  # the call failed before the request left
    LEASE_EXPIRED = "lease_expired"  # the worker that held it stopped

    # The message ended.
    OPTED_OUT = "opted_out"  # R11
    WITHDRAWN = "withdrawn"  # R9
    SUPERSEDED = "superseded"  # R9
    NOT_YOURS = "not_yours"  # R9: another publisher's part of the sequence came at the same time
    NOT_APPROVED = "not_approved"  # R13: an operator refused its words
    SAME_WORDS = "same_words"  # R14: the same words or data went to the person lately
    STALE = "stale"  # R10: it no longer makes sense
    SEQUENCE_STOPPED = "sequence_stopped"  # R8: another part was not sent
    EXPIRED = "expired"  # R9
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    NOT_ON_ALLOWLIST = "not_on_allowlist"
    BAD_NUMBER = "bad_number"  # Twilio's 21211, 21614 and the like; 30005, 30006, 30004 twice of earlier texts
    FORGOTTEN = "forgotten"  # the person's data was deleted
    OFFERS_STOP_WORD = "offers_stop_word"  # R15: as an answer to something else, such as "Reply YES or CANCEL"
    NOTHING_TO_SAY = "nothing_to_say"  # no text can be made from the data
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
