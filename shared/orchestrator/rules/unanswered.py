"""Unanswered texts: how often an agent may text a person in a day before the person answers."""

from dataclasses import dataclass

# Of an agent to a person, on one day of the person's calendar. An agent in a loop stops here, before any limit of the
# person is used up by it.
MOST_A_DAY = 3


@dataclass(frozen=True, slots=True)
class UnansweredTexts:
    """What an agent published for a person and the person has not answered; a sequence counts once, a reply never.

    Attributes:
        sent: texts of the person's day that may have arrived.
        waiting: messages that wait to be sent and may go by themselves at any time.
    """

    sent: int
    waiting: int


def refuse_another(unanswered: UnansweredTexts, most: int = MOST_A_DAY) -> str | None:
    """Decide whether an agent may publish one more message for a person today.

    Returns:
        Why not, in words that keep a model from sending again; None where it may.
    """
    if unanswered.sent + unanswered.waiting < most:
        return None
    return (
        f"Not published: this person has not answered your last texts ({unanswered.sent} sent today, "
        f"{unanswered.waiting} waiting to go by themselves), and {most} are the most. Do not try again and do not "
        "rephrase it: wait for their answer, or until their next day."
    )
