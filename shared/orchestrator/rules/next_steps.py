"""What happens next with a message, and what its agent has to do: one sentence for each way that it can go."""

from orchestrator.rules.reasons import Reason

# Reasons whose hold ends by what a person or an operator does, and at no time that is known.
_OPEN_ENDED = frozenset(
    {Reason.PAUSED, Reason.APPROVAL, Reason.SENDER_UNNAMED, Reason.NUMBER_UNREADABLE, Reason.LAW_PLACE_UNKNOWN}
)
# What stands before the step of a message that is previewed, and not published.
IF_PUBLISHED = "If you publish it: "
NOT_SEEN_YET = "Not stored yet: a published message takes seconds. Ask again; do not publish it again with another id."
ON_ITS_WAY = "On its way to the phone. Do not resend."
WAITS_FOR_USER = "Waits up to 15 minutes for its user to be created, then it is rejected. Do not resend."
WAS_REJECTED = "It will not be sent. Correct the field that the reason names, and publish it with a new id."
WAS_SENT = "Sent. Wait for an answer; do not send the same again."
MAY_BE_SENT = "It may have been sent, and it is not known. Do not resend."
# What an agent may do after a message ended unsent; every other end asks for nothing.
_AFTER_THE_END = {
    Reason.OPTED_OUT: "The person wants no texts. Do not text them again.",
    Reason.NO_CONSENT: "The person has not agreed to such texts. Do not text them again without a consent.",
    Reason.SUPERSEDED: "A newer message goes instead. Do not resend.",
    Reason.SAME_WORDS: "The same words went to this person within a day. Do not send them again, nor rephrased.",
    Reason.WITHDRAWN: "It was withdrawn. Do not resend.",
    Reason.STALE: "The person wrote since, and it no longer made sense. Read their replies first.",
    Reason.REFORMULATION: "The person wrote since. Read their replies, then write a new text if one is needed.",
    Reason.NOTHING_TO_SAY: "Its data makes no text. Publish another message with the words in it.",
    Reason.OFFERS_STOP_WORD: "Publish another message that offers other words than STOP, CANCEL, END or QUIT.",
    Reason.NOT_APPROVED: "An operator refused its words. Do not send them again.",
    Reason.UNKNOWN_OUTCOME: MAY_BE_SENT,
}
_ENDED = "It ended without being sent. Do not send the same again."


def step_of_hold(reason: str | None, due_in_words: str | None) -> str:
    """What happens with a message that waits.

    Args:
        due_in_words: the person's own time, such as `Thu 08:00 in their time`; None where no time is known.
    """
    why = (reason or "its turn").replace("_", " ")
    if due_in_words is None or reason in _OPEN_ENDED:
        return f"held: {why}; it goes by itself once nothing holds it; do not resend"
    return f"held until {due_in_words}: {why}; it goes by itself; do not resend"


def step_of_end(reason: str | None) -> str:
    """What an agent has to do after its message ended without being sent."""
    return _AFTER_THE_END.get(Reason(reason), _ENDED) if reason in set(Reason) else _ENDED
