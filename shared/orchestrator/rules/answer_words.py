"""The words in which `explain` says why a text goes at its hour (R7)."""

from datetime import datetime

from orchestrator.rules.answer_week import WEEKEND_HOURS, WORKING_HOURS, hour_of_week, part_of_week
from orchestrator.rules.hour_choice import Kind
from orchestrator.rules.learned_hours import LearnedHours

# From when on the best hour counts as sure, and as likely.
_SURE, _LIKELY = 0.8, 0.5


def words_for(kind: Kind, local: datetime, learned: LearnedHours | None) -> str:
    """One sentence: the local day and time, and why."""
    when = f"{local:%A %H:%M}"
    if kind is Kind.DEFAULT or learned is None:
        return f"{when}: the usual hour"
    if kind is Kind.EXPLORED:
        return f"{when}: a trial of another hour, as one message in twenty is"
    if len(set(learned.rates)) == 1:
        return f"{when}: one of the open hours, which are all alike until there are answers"
    if kind is Kind.POPULATION or not learned.known:
        return f"{when}: the hour at which people answer most often"
    best = max((*WORKING_HOURS, *WEEKEND_HOURS), key=learned.rates.__getitem__)
    part = part_of_week(best)
    if part != part_of_week(hour_of_week(local)):
        return f"{when}: the best hour before it expires; answers come most often on {part}"
    counted = f"{learned.answers} of {learned.texts} texts answered there; " if learned.texts else ""
    return f"{when}: answers come most often on {part} ({counted}{_sureness(learned.sure)})"


def _sureness(sure: float) -> str:
    return "sure" if sure >= _SURE else "likely" if sure >= _LIKELY else "not sure yet"
