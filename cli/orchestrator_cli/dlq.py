"""The commands `dlq`: dead letters are counted, shown with their reasons, and sent back."""

from itertools import islice
from typing import Annotated

import typer

from orchestrator.rules.local_time import format_time
from orchestrator.store.operator_actions import Action, record_action
from orchestrator_cli.connection import open_database
from orchestrator_cli.dead_letters import (
    DeadLetterRecord,
    SourceQueue,
    dead_letter_url_of,
    is_set,
    queue_length,
    queues_in_environment,
    receive_dead_letters,
    release,
    send_back,
    url_of,
)
from orchestrator_cli.identity import operator_name
from orchestrator_cli.options import AS_REASON, AsJson, DryRun, Yes, one_of
from orchestrator_cli.output import Table, print_result, progress_of, show, show_json, style_line
from orchestrator_cli.proposals import ActionResult, Proposal, carry_out
from orchestrator_cli.target import on_target

app = typer.Typer(help="Count, show and send back dead letters.", no_args_is_help=True)

OfQueue = Annotated[
    SourceQueue, typer.Argument(help="The queue that the dead letters come from.", **one_of(SourceQueue))
]
WithReason = Annotated[str | None, typer.Option(help="Only those with this reason; 'none' for those without one.")]


@app.command("list")
@on_target
def list_queues(as_json: AsJson = False) -> None:
    """Count the waiting messages and the dead letters of each queue."""
    # With no queue in the environment, the error names the first one's variable.
    queues = queues_in_environment() or [SourceQueue.ENQUEUE]
    rows = [(queue, queue_length(url_of(queue)), queue_length(dead_letter_url_of(queue))) for queue in queues]
    if as_json:
        show_json([{"queue": queue, "waiting": waiting, "dead": dead} for queue, waiting, dead in rows])
        return
    table = Table("queue", "waiting", "dead letters")
    for queue, waiting, dead in rows:
        table.add_row(queue, str(waiting), style_line("[red]{}[/]", dead) if dead else "0")
    show(table)
    for queue in SourceQueue:
        if not is_set(queue):
            show(style_line("[dim]{}: not shown, {} is not set[/]", queue, queue.variable))


@app.command("show")
@on_target
def show_dead_letters(
    queue: OfQueue,
    reason: WithReason = None,
    limit: Annotated[int, typer.Option(help="Dead letters to show at most.", min=1)] = 10,
    body: Annotated[bool, typer.Option("--body", help="Show the bodies too; they contain personal data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show dead letters with their reasons. They stay in the dead-letter queue."""
    url = dead_letter_url_of(queue)
    # All are received before any is released: a released one would be received again.
    received = list(receive_dead_letters(url))
    for letter in received:
        release(letter, url)
    matching = [letter for letter in received if _matches(letter, reason)][:limit]
    if as_json:
        show_json([_as_data(letter, body=body) for letter in matching])
        return
    if not matching:
        show("No dead letters.")
    for letter in matching:
        why = letter.attributes.get("problem", "SQS moved it here: it was received too often. See the function's log.")
        sent_at = format_time(letter.sent_at)
        by = f" by {letter.agent_id}" if letter.agent_id else ""
        show(style_line("[bold]{}[/] {} [red]{}[/]{}", letter.message_id, sent_at, letter.reason, by))
        show(f"  {why}")
        if body:
            show(style_line("  [dim]{}[/]", letter.body))


@app.command()
@on_target
def redrive(
    queue: OfQueue,
    reason: WithReason = None,
    dry_run: DryRun = False,
    why: Annotated[str | None, typer.Option("--note", help="Why: it is recorded with your name.", **AS_REASON)] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to their queue. One that is rejected again returns here with its reason."""
    if not dry_run:
        carry_out(propose_redrive(queue, reason), why, yes=yes, as_json=as_json)
        return
    url = dead_letter_url_of(queue)
    received = list(islice(receive_dead_letters(url), queue_length(url)))
    for letter in received:
        release(letter, url)
    matching = sum(_matches(letter, reason) for letter in received)
    facts, lines = _redrive_result(queue, matching, len(received) - matching, is_dry_run=True)
    print_result(facts, *lines, as_json=as_json)


def propose_redrive(queue: SourceQueue, reason: str | None) -> Proposal:
    """Send dead letters back to their queue.

    Args:
        reason: only those with this reason; None for all.
    """
    url, target = dead_letter_url_of(queue), url_of(queue)
    total = queue_length(url)
    which = f" with the reason {reason}" if reason else ""

    def apply(why: str | None) -> ActionResult:
        change = {"of_reason": reason, "dead_letters": total}
        action = Action("dlq redrive", f"{queue} queue", change=change, reason=why)
        # SQS takes no part in a transaction, so what is about to be done is recorded first.
        with open_database() as (connection, clock):
            record_action(connection, action, operator_name(), clock())
        # A dead letter that returns during this run is left for the next one.
        received = islice(receive_dead_letters(url), total)
        staying: list[DeadLetterRecord] = []
        back = 0
        for letter in progress_of(received, "Redriving", total):
            if _matches(letter, reason):
                send_back(letter, url, target)
                back += 1
            else:
                staying.append(letter)
        for letter in staying:
            release(letter, url)
        return _redrive_result(queue, back, len(staying), is_dry_run=False)

    return Proposal(f"Send up to {total} dead letters{which} back to the {queue} queue?", apply)


def _redrive_result(queue: SourceQueue, back: int, left: int, *, is_dry_run: bool) -> ActionResult:
    facts = {"queue": queue, "applied": not is_dry_run, "back": back, "left": left}
    line = style_line(
        "{} {} back to the {} queue, {} stay here.", back, "would go" if is_dry_run else "went", queue, left
    )
    return ActionResult(facts, [line])


def _matches(letter: DeadLetterRecord, reason: str | None) -> bool:
    return reason in (None, letter.reason)


def _as_data(letter: DeadLetterRecord, *, body: bool) -> dict[str, object]:
    ids: dict[str, object] = {
        "message_id": letter.message_id,
        "agent_id": letter.agent_id,
        "sqs_message_id": letter.first_sqs_id,
    }
    rest = {name: value for name, value in letter.attributes.items() if name not in ids}
    data = {**ids, "sent_at": letter.sent_at, **rest}
    return {**data, "body": letter.body} if body else data
