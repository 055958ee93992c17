"""The words in which `explain` says why a text goes at its hour (R7)."""

from datetime import datetime

from orchestrator.rules.answer_week import hour_of_week
from orchestrator.rules.hour_choice import Kind
from orchestrator.rules.learned_hours import LearnedHours


def words_for(kind: Kind, local: datetime, learned: LearnedHours | None) -> str:
    """One sentence: the local day and time, and why."""
    when = f"{local:%A %H:%M}"
    if kind is Kind.DEFAULT or learned is None:
        return f"{when}: the usual hour"
    if kind is Kind.EXPLORED:
        return f"{when}: a trial of another hour"
    if kind is Kind.POPULATION or not learned.known:
        return f"{when}: the hour at which people answer most"
    part = _part_of_day(local)
    return f"{when}: answers come most often on {part} ({learned.answers} of {learned.texts} texts answered)"


def _part_of_day(local: datetime) -> str:
    day = "weekend" if hour_of_week(local) >= 24 else "weekday"
    part = "mornings" if local.hour < 12 else "afternoons" if local.hour < 17 else "evenings"
    return f"{day} {part}"
