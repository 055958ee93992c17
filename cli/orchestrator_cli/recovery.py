"""The command `recover`: after a restore, records from Twilio's list what was sent since, and only then resumes."""

import dataclasses
from datetime import datetime
from typing import Annotated

import typer

from orchestrator.settings import SenderSettings, load
from orchestrator.store.operator_actions import Action, record_action
from orchestrator_cli.connection import open_database
from orchestrator_cli.extras import require_extra
from orchestrator_cli.identity import operator_name
from orchestrator_cli.options import AsJson, DryRun, Reason, Yes
from orchestrator_cli.output import confirm, print_result, style_line, working
from orchestrator_cli.target import on_target


@on_target
def recover(
    since: Annotated[str, typer.Option(help="The time to which the database was restored, such as 2026-03-03T14:00Z.")],
    dry_run: DryRun = False,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """After a restore: pause, read from Twilio what was sent since, record it, and only then resume."""
    start = _parse_time(since)
    with require_extra("recover", "cli,functions"):
        from orchestrator.maintenance.recover import recover as recover_since
        from orchestrator.sms.message_list import TwilioMessageList
    with open_database() as (connection, clock):
        if start > clock():
            raise typer.BadParameter(f"--since {since} lies in the future.")
        if not dry_run:
            confirm(f"Pause everything, and record from Twilio's list what was sent since {since}?", yes=yes)
            action = Action("recover", change={"since": since}, reason=reason)
            record_action(connection, action, operator_name(), clock())
    with open_database() as (connection, clock), working("Reading Twilio's list…") as status:
        read = 0

        def on_text() -> None:
            nonlocal read
            read += 1
            status.update(f"Reading Twilio's list… {read} texts")

        message_list = TwilioMessageList(load(SenderSettings))
        found = recover_since(connection, message_list, start, clock, apply=not dry_run, on_text=on_text)
    to_be = "to be " if dry_run else ""
    if dry_run:
        end = style_line("Nothing was changed. Run it again without --dry-run to make these changes.")
    elif found.resumed:
        end = style_line("[green]Sending continues.[/]")
    else:
        end = style_line("[yellow]Everything was paused before, and still is.[/] `orchestrator resume` ends the pause.")
    print_result(
        {"applied": not dry_run, "texts_read": read, **dataclasses.asdict(found)},
        f"texts read: {read}",
        f"messages {to_be}marked as sent: {found.sent}",
        f"messages {to_be}ended as unknown_outcome, because they may have been sent: {found.doubtful}",
        f"texts that match no message, {to_be}counted against their people's limits: {found.unmatched}",
        f"texts of people {to_be}stored: {found.received}",
        f"texts that an operator {'will have' if dry_run else 'has'} to read: {found.unread}",
        f"numbers {to_be}opted out: {found.opted_out}, opted in again: {found.opted_in}",
        end,
        as_json=as_json,
    )


def _parse_time(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--since {text!r} is not a time. Write it as 2026-03-03T14:00Z.") from None
    if instant.tzinfo is None:
        raise typer.BadParameter(f"--since {text} needs an offset, such as {text}Z or {text}-05:00.")
    return instant
