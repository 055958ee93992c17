"""Each reason in words, with the rule behind it; `orchestrator explain` prints them."""

from datetime import datetime

from orchestrator.rules.local_time import format_time
from orchestrator.rules.reasons import Reason

EXPLANATIONS: dict[Reason, tuple[str, str]] = {
    Reason.SCHEDULED: ("R9", "its scheduled_for is in the future"),
    Reason.PAUSED: ("R13", "a pause of sending"),
    Reason.QUIET_HOURS: ("R3", "the person's quiet hours"),
    Reason.NO_CONSENT: ("R15", "the person has not agreed to texts of this purpose, or revoked it for it or its topic"),
    Reason.LAW_HOURS: ("R15", "the law of the person's place"),
    Reason.LAW_CAP: ("R15", "the most texts that the law of the person's place allows"),
    Reason.LAW_PLACE_UNKNOWN: (
        "R15",
        "it is not known in which state the phone rings, or what holds there; set it with `orchestrator user set "
        "PERSON --place`, or add rows of the country (docs/law.md)",
    ),
    Reason.NUMBER_UNCHECKED: (
        "R15",
        "it is not known whether the number still belongs to the person who agreed (REASSIGNED_NUMBERS)",
    ),
    Reason.SENDER_UNNAMED: (
        "R15",
        "marketing in Canada names its sender and how to reach it: set SENDER_NAME and SENDER_CONTACT",
    ),
    Reason.ZONE_UNKNOWN: ("R3", "no time at which every zone of the number allows it, or no zone is known"),
    Reason.BEST_TIME: ("R7", "the hour at which the person usually answers"),
    Reason.YIELDS: ("R6", "a message of a higher lane is due for the person"),
    Reason.SEQUENCE_INCOMPLETE: ("R8", "parts of its sequence are missing"),
    Reason.AGENT_LIMIT: (
        "R13",
        "the hourly limit of its agents is used up; those without settings share one until `orchestrator agent set`",
    ),
    Reason.QUESTION_OPEN: (
        "R12",
        "the person has not answered another agent's question yet; it waits until two hours after that at most",
    ),
    Reason.DAILY_LIMIT: ("R1", "the person's daily limit"),
    Reason.HOURLY_LIMIT: ("R2", "the person's limit in any 60 minutes"),
    Reason.RELEVANCE_UNKNOWN: ("R10", "the person wrote since it was queued, and its relevance is not known"),
    Reason.REFORMULATION: ("R10", "the person wrote since it was queued; its agent was asked to reformulate it"),
    Reason.STALE: ("R10", "the person wrote since it was queued, and it no longer makes sense"),
    Reason.REPLY_UNJUDGED: (
        "R11",
        "the person just wrote, and the text is not classified yet: it may be a wish to stop",
    ),
    Reason.INBOUND_UNREAD: ("R11", "what people wrote during an outage is not read yet: a STOP may be among it"),
    Reason.APPROVAL: ("R13", "an operator approves its words first: `orchestrator approvals`"),
    Reason.NOT_APPROVED: ("R13", "an operator did not approve its words"),
    Reason.REPLY_ORDER: ("R12", "replies to a person go one after the other"),
    Reason.REPLY_LIMIT: ("R12", "above the ceiling of replies to the person: an ordinary message from now on"),
    Reason.NUMBER_UNREADABLE: (
        "R11",
        "the person's stored phone number cannot be read; correct it with `orchestrator user set PERSON --phone`",
    ),
    Reason.PHONE_UNREACHABLE: ("G2", "no text reached the person's phone lately"),
    Reason.DROPPED_UNSENT: ("G2", "Twilio took it and certainly did not send it; it is sent again"),
    Reason.PROVIDER_CONFIGURATION: ("G2", "Twilio or carriers refuse our account, not this message"),
    Reason.PROVIDER_BUSY: ("G2", "Twilio asked us to slow down"),
    Reason.PROVIDER_UNREACHABLE: ("G2", "Twilio could not be reached; it was not sent"),
    Reason.LEASE_EXPIRED: ("G2", "the worker that held it stopped before it was done"),
    Reason.OPTED_OUT: ("R11", "the person opted out"),
    Reason.WITHDRAWN: ("R9", "its agent withdrew it"),
    Reason.SUPERSEDED: ("R9", "a newer message took its place"),
    Reason.SAME_WORDS: ("R14", "the same words, or words from the same data, went to the person lately"),
    Reason.NOT_YOURS: ("R9", "it is a part of a sequence of another publisher"),
    Reason.EXPIRED: ("R9", "it expired before it could be sent"),
    Reason.SEQUENCE_STOPPED: ("R8", "another part of its sequence was not sent"),
    Reason.COUNTRY_NOT_ALLOWED: ("R11", "the number lies outside the allowed countries"),
    Reason.NOT_ON_ALLOWLIST: ("R11", "the number is not on the recipient allow-list"),
    Reason.BAD_NUMBER: ("G2", "Twilio reports that the number cannot receive texts"),
    Reason.FORGOTTEN: ("R11", "the person's data was deleted"),
    Reason.OFFERS_STOP_WORD: (
        "R15",
        "its words offer an opt-out keyword (STOP, CANCEL, END, QUIT) as an answer, and a person who replies it gets "
        "no more texts; offer another word",
    ),
    Reason.NOTHING_TO_SAY: ("G7", "no text can be made from its data"),
    Reason.REFUSED: ("G2", "Twilio refused it"),
    Reason.UNKNOWN_OUTCOME: ("G2", "it may have been sent, and there is no evidence"),
}

# How a person opted out, by the source of an opt-out.
_OPT_OUT_SOURCES = {
    "keyword": "a single word such as STOP",
    "opt_out_type": "Twilio's own opt-out",
    "phrase": "a text that asks to stop",
    "free_words": "a text that Claude read as a wish to stop",
    "wrong_person": "a text that says the number is somebody else's",
    "reassigned": "Twilio reports that the number has another owner since the consent",
    "operator": "recorded by an operator",
    "twilio_21610": "Twilio refuses texts to the number (21610)",
    "adopted": "a STOP in the history of the former system",
    "former_webhook": "a STOP that the former webhook took in",
    "recovered": "a STOP found by `recover`",
    "forgotten": "the opt-out of a deleted person with this number",
}


def describe_opt_out(source: str, note: str | None, recorded_at: datetime | None) -> str:
    """How a person opted out (R11), with what an operator noted of it and when; an unknown source unchanged."""
    words = _OPT_OUT_SOURCES.get(source, source)
    recorded = f", recorded {format_time(recorded_at)}" if recorded_at else ""
    return f"{words}{recorded}{f': {note}' if note else ''} (R11)"


def explain(reason: str, note: str | None = None) -> str:
    """A reason with its rule, such as `the person's quiet hours (R3)`; an unknown reason unchanged.

    Args:
        note: what the decision rests on beside the reason, such as the row of the law that holds the message.
    """
    if reason not in set(Reason):
        return reason
    rule, words = EXPLANATIONS[Reason(reason)]
    return f"{words} ({rule}){f': {note}' if note else ''}"
