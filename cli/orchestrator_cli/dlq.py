"""What was given up: counted, shown with its reasons, and sent back."""

from itertools import islice
from typing import Annotated

import typer
from rich import print as show
from rich import print_json
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from orchestrator.errors import SettingsError
from orchestrator_cli.dead_letters import (
    DeadLetterQueue,
    Letter,
    dead_letter_url_of,
    is_set,
    leave,
    length,
    letters,
    send_back,
    url_of,
)
from orchestrator_cli.output import AsJson, tell
from orchestrator_cli.target import on_target

app = typer.Typer(help="Dead letters: what was given up, and why.", no_args_is_help=True)

OfQueue = Annotated[DeadLetterQueue, typer.Argument(help="Whose dead letters.")]
WithReason = Annotated[str | None, typer.Option(help="Only those with this reason; 'none' for those without one.")]


@app.command("list")
@on_target
def list_queues(as_json: AsJson = False) -> None:
    """How many messages wait in each queue, and how many are dead letters."""
    rows = [
        (queue, length(url_of(queue)), length(dead_letter_url_of(queue))) for queue in DeadLetterQueue if is_set(queue)
    ]
    if not rows:
        raise SettingsError(
            f"{DeadLetterQueue.ENQUEUE.variable}: is not set. Set it in the environment, or see .env.example."
        )
    if as_json:
        print_json(data=[{"queue": queue, "waiting": waiting, "dead": dead} for queue, waiting, dead in rows])
        return
    table = Table("queue", "waiting", "dead letters")
    for queue, waiting, dead in rows:
        table.add_row(queue, str(waiting), f"[red]{dead}[/]" if dead else "0")
    show(table)
    for queue in DeadLetterQueue:
        if not is_set(queue):
            show(f"[dim]{queue}: not shown, {queue.variable} is not set[/]")


@app.command("show")
@on_target
def show_letters(
    queue: OfQueue,
    reason: WithReason = None,
    limit: Annotated[int, typer.Option(help="As many at the most.", min=1)] = 10,
    body: Annotated[bool, typer.Option("--body", help="Show the bodies too, which hold people's data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show dead letters with their reasons; they stay where they are."""
    url = dead_letter_url_of(queue)
    # All are looked at, so that --limit and --reason can be told apart from a queue that is still hiding some.
    here = list(letters(url))
    for letter in here:
        leave(letter, url)
    found = [letter for letter in here if _is_wanted(letter, reason)][:limit]
    if as_json:
        print_json(data=[_as_data(letter, body=body) for letter in found])
        return
    if not found:
        show("Nothing lies here.")
    for letter in found:
        why = letter.attributes.get("problem", "SQS gave it up: it was received too often. See the function's log.")
        show(f"[bold]{letter.sqs_message_id}[/] {letter.sent_at:%d %b %H:%M:%S %Z} [red]{escape(letter.reason)}[/]")
        show(f"  {escape(why)}")
        if body:
            show(f"  [dim]{escape(letter.body)}[/]")


@app.command()
@on_target
def redrive(
    queue: OfQueue,
    reason: WithReason = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would go back; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to their queue. What is rejected again returns here with its reason."""
    url, target = dead_letter_url_of(queue), url_of(queue)
    total = length(url)
    # What returns while we are at it is left for the next time.
    here = islice(letters(url), total)
    staying: list[Letter] = []
    wanted = 0
    for letter in track(here, "Redriving", total=total, transient=True, console=Console(stderr=True)):
        wanted += _is_wanted(letter, reason)
        if dry_run or not _is_wanted(letter, reason):
            staying.append(letter)
        else:
            send_back(letter, url, target)
    for letter in staying:
        leave(letter, url)
    left = len(staying) - (wanted if dry_run else 0)
    said = f"{wanted} {'would go' if dry_run else 'went'} back to the {queue} queue, {left} stay here."
    tell({"queue": queue, "applied": not dry_run, "back": wanted, "left": left}, said, as_json=as_json)


def _is_wanted(letter: Letter, reason: str | None) -> bool:
    return reason in (None, letter.reason)


def _as_data(letter: Letter, *, body: bool) -> dict[str, str]:
    shown = {"sqs_message_id": letter.sqs_message_id, "sent_at": letter.sent_at.isoformat(), **letter.attributes}
    return {**shown, "body": letter.body} if body else shown
