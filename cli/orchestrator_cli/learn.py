"""The commands `learn`: what learned hours are worth, what is learned, and whether a person is learned of (R7)."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import typer
from psycopg import Connection

from orchestrator.rules.answer_lift import ArmSums, Lift, compare
from orchestrator.rules.local_time import format_time
from orchestrator.store import answer_hours as store
from orchestrator.store.answer_hours import ArmResult, StoredHours
from orchestrator.store.operator_actions import Action
from orchestrator.store.people import find_user
from orchestrator_cli.actions import audit
from orchestrator_cli.answer_heat import answer_facts, heat_lines, heat_rows
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson, PersonReference, Reason, Yes
from orchestrator_cli.output import Table, show, show_json, style_line
from orchestrator_cli.proposals import ActionResult, Proposal, carry_out
from orchestrator_cli.target import on_target

app = typer.Typer(
    help="What learned hours are worth, what is learned, and whether a person is learned of (R7).", no_args_is_help=True
)

LEARNED, HOLDOUTS = "learned", {"default_holdout": "the usual hour", "population_holdout": "everybody's best hour"}
# No person, where the id of one is needed and everybody is meant.
_NOBODY = UUID(int=0)


@app.command()
@on_target
def report(
    weeks: Annotated[int, typer.Option(help="Weeks to list.", min=1, max=104)] = 12,
    as_json: AsJson = False,
) -> None:
    """Compare texts at learned hours with those of the two holdouts: answers and STOPs, over all weeks and by week."""
    with open_database() as (connection, clock):
        results = store.read_answer_results(connection, store.week_of(clock() - timedelta(weeks=weeks - 1)))
    if as_json:
        show_json(_report_facts(results))
        return
    if not results:
        show("Nothing to compare yet. The holdouts begin with the first fit of the curves; a text counts a day later.")
        return
    table = Table("week", "hour", "people", "texts", "answered", "in 1 h", "in 4 h", "STOP")
    for result in sorted(results, key=lambda result: (result.period != "all", result.period, result.arm)):
        shares = (result.answers, result.answers_in_1h, result.answers_in_4h, result.stops)
        percents = [f"{100 * share / result.texts:.1f} %" for share in shares]
        table.add_row(result.period, _name(result.arm), result.people, result.texts, *percents)
    show(table, *_verdicts(results))


@app.command("show")
@on_target
def show_hours(
    user: Annotated[str | None, typer.Argument(help="The person; without it, everybody.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show how often a person, or everybody, is expected to answer in each hour of a working day and of a weekend."""
    with open_database() as (connection, _):
        stored = store.read_answer_hours(connection, find_user(connection, user) if user else _NOBODY)
    if as_json:
        show_json(answer_facts(stored))
        return
    show(*hours_lines(stored, "the person" if user else None))


@app.command()
@on_target
def off(user: PersonReference, reason: Reason = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Forget what is learned of a person, and learn nothing more: their texts go at the usual hour."""
    with open_database() as (connection, clock):
        carry_out(_propose_off(connection, clock(), find_user(connection, user)), reason, yes=yes, as_json=as_json)


@app.command()
@on_target
def on(user: PersonReference, reason: Reason = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Learn of a person again, from their next texts on."""
    with open_database() as (connection, clock):
        carry_out(_propose_on(connection, clock(), find_user(connection, user)), reason, yes=yes, as_json=as_json)


def hours_lines(stored: StoredHours, who: str | None) -> Iterator[str]:
    """What is learned of a person beside everybody, in lines; `who` names the person, None means everybody alone."""
    if who and stored.off_since:
        yield f"Nothing is learned of {who} since {format_time(stored.off_since)}, as an operator decided."
    if stored.curves is None:
        yield "Nothing is learned of everybody yet: until then texts go at the usual hour."
    elif stored.fitted_at:
        learned_of = f"{stored.curves.texts} texts to {stored.curves.people} people"
        yield f"Learned of {learned_of}, {format_time(stored.fitted_at)}."
    if who and not stored.off_since:
        texts, answers = (sum(of) if of else 0 for of in _counts(stored))
        yield f"Of {who}: {answers:.1f} of {texts:.1f} texts answered; old ones count less."
    yield from heat_lines(heat_rows(stored, who))


def _counts(stored: StoredHours) -> tuple[Sequence[float], Sequence[float]]:
    return (stored.evidence.texts, stored.evidence.answers) if stored.evidence else ((), ())


def _propose_off(connection: Connection, now: datetime, user_id: UUID) -> Proposal:
    def apply(reason: str | None) -> ActionResult:
        with audit(connection, now, Action("learn off", user_id=user_id, change={"learning": "off"}, reason=reason)):
            store.stop_learning_of_person(connection, user_id, now)
        line = style_line("[green]Off:[/] nothing is learned of {} from now on.", user_id)
        return ActionResult({"user_id": user_id, "learning": "off"}, [line])

    return Proposal(f"Forget the hours of {user_id}, and learn nothing more?", apply)


def _propose_on(connection: Connection, now: datetime, user_id: UUID) -> Proposal:
    def apply(reason: str | None) -> ActionResult:
        with audit(connection, now, Action("learn on", user_id=user_id, change={"learning": "on"}, reason=reason)):
            store.resume_learning_of_person(connection, user_id, now)
        line = style_line("[green]On:[/] {} is learned of from their next texts on.", user_id)
        return ActionResult({"user_id": user_id, "learning": "on"}, [line])

    return Proposal(f"Learn the hours of {user_id} again?", apply)


def _name(arm: str) -> str:
    return HOLDOUTS.get(arm, arm)


def _sums(result: ArmResult) -> ArmSums:
    return ArmSums(**{field.name: getattr(result, field.name) for field in dataclasses.fields(ArmSums)})


def _lifts(results: Sequence[ArmResult], period: str, what: Literal["answers", "stops"]) -> Iterator[tuple[str, Lift]]:
    """The comparison of learned hours with each holdout that has texts in a period."""
    arms = {result.arm: _sums(result) for result in results if result.period == period}
    for holdout in HOLDOUTS:
        if LEARNED in arms and holdout in arms:
            yield holdout, compare(arms[LEARNED], arms[holdout], what)


def _verdicts(results: Sequence[ArmResult]) -> Iterator[str]:
    """What the comparison over all weeks says, in sentences."""
    kinds: Mapping[Literal["answers", "stops"], str] = {"answers": "Answered", "stops": "STOP"}
    for what, name in kinds.items():
        for holdout, lift in _lifts(results, "all", what):
            against = f"{name}: {lift.rate:.1%} at learned hours, {lift.holdout_rate:.1%} at {HOLDOUTS[holdout]}"
            if lift.detectable == float("inf"):
                yield f"{against}. Too few people for a comparison."
                continue
            interval = (
                f"{100 * lift.difference:+.1f} points, 95 % interval {100 * lift.low:+.1f} to {100 * lift.high:+.1f}"
            )
            verdict = "a difference" if lift.is_proved else "no difference yet"
            seen = f"differences from {100 * lift.detectable:.1f} points on would be seen"
            yield f"{against}: {verdict} ({interval}; {seen})."


def _report_facts(results: Sequence[ArmResult]) -> list[dict[str, Any]]:
    """The report as data: each period and arm, and of learned hours the comparisons with the holdouts."""
    facts = []
    for result in results:
        lifts = {
            f"{what}_against_{holdout}": {
                **dataclasses.asdict(lift),
                "proved": lift.is_proved,
            }
            for what in ("answers", "stops")
            for holdout, lift in _lifts(results, result.period, what)
            if result.arm == LEARNED and lift.detectable != float("inf")
        }
        facts.append({**dataclasses.asdict(result), **lifts})
    return facts
