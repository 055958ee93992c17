"""After a restore: what Twilio remembers is written back before anything is sent."""

import dataclasses
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from orchestrator.errors import OrchestratorError
from orchestrator.settings import SenderSettings, load
from orchestrator_cli.connection import open_database
from orchestrator_cli.output import AsJson, tell
from orchestrator_cli.target import on_target


@on_target
def recover(
    since: Annotated[str, typer.Option(help="The moment the database was brought back to, such as 2026-03-03T14:00Z.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would happen; change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """After a restore: pause, read from Twilio what went out since, mark it, and only then send again."""
    start = _instant(since)
    try:
        from orchestrator.maintenance.recover import recover as recover_since
        from orchestrator.sms.message_list import TwilioMessageList
    except ModuleNotFoundError:
        raise OrchestratorError('`recover` asks Twilio: pip install "message-orchestrator[cli,functions]".') from None
    with open_database() as (connection, clock), Console(stderr=True).status("Reading Twilio's list…") as status:
        if start > clock():
            raise typer.BadParameter(f"--since {since} lies in the future.")
        read = 0

        def on_text() -> None:
            nonlocal read
            read += 1
            status.update(f"Reading Twilio's list… {read} texts")

        message_list = TwilioMessageList(load(SenderSettings))
        found = recover_since(connection, message_list, start, clock, apply=not dry_run, on_text=on_text)
    would = "would be " if dry_run else ""
    if dry_run:
        end = "Nothing was changed. Run it again without --dry-run to do it."
    elif found.resumed:
        end = "[green]Sending goes on.[/]"
    else:
        end = "[yellow]Everything was paused before, and still is.[/] `orchestrator resume` lets it go on."
    tell(
        {"applied": not dry_run, "texts_read": read, **dataclasses.asdict(found)},
        f"texts read: {read}",
        f"messages {would}marked as sent: {found.sent}",
        f"messages {would}ended as unknown_outcome, because they may have been sent: {found.doubtful}",
        f"texts of no known message, {would}counted against their people's limits: {found.forgotten}",
        f"numbers {would}opted out: {found.opted_out}, opted in again: {found.opted_in}",
        end,
        as_json=as_json,
    )


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--since {text!r} is no time; it should look like 2026-03-03T14:00Z.") from None
    if instant.tzinfo is None:
        raise typer.BadParameter(f"--since {text} needs an offset, such as {text}Z or {text}-05:00.")
    return instant
