"""The `orchestrator` command: registers every subcommand, and reports expected errors in one line."""

import importlib.metadata
import sys
from pathlib import Path
from typing import Annotated

import typer
from dotenv import load_dotenv

from orchestrator_cli import (
    actions,
    agents,
    approvals,
    consents,
    costs,
    database,
    dlq,
    doctor,
    evidence,
    invoke,
    law,
    learn,
    mcp_server,
    message_list,
    messages,
    pauses,
    privacy,
    recovery,
    rejections,
    stats,
    unknown_senders,
    users,
)
from orchestrator_cli.console.command import console
from orchestrator_cli.error_words import EXPECTED, describe_error
from orchestrator_cli.output import show, show_error

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
for command in (
    database.migrate,
    database.adopt,
    pauses.pause,
    pauses.resume,
    pauses.pauses,
    approvals.approvals,
    approvals.approve,
    approvals.refuse,
    actions.actions,
    messages.queue,
    messages.explain,
    message_list.messages,
    message_list.withdraw,
    message_list.release,
    rejections.rejections,
    costs.costs,
    recovery.recover,
    stats.stats,
    evidence.evidence,
    doctor.doctor,
    console,
    unknown_senders.unknown_senders,
    invoke.invoke,
    mcp_server.mcp,
):
    app.command()(command)
app.command("strangers", hidden=True)(unknown_senders.unknown_senders)  # the name that the command had before
app.command("evidence-check")(evidence.check_file)
app.add_typer(users.app, name="user")
app.add_typer(agents.app, name="agent")
app.add_typer(dlq.app, name="dlq")
app.add_typer(consents.app, name="consent")
app.add_typer(law.app, name="law")
app.add_typer(learn.app, name="learn")
app.add_typer(privacy.app, name="privacy")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        show(importlib.metadata.version("message-orchestrator"))
        raise typer.Exit


@app.callback()
def orchestrator(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Operate the Message Orchestrator. Settings come from environment variables and from .env in this folder."""


def run() -> None:
    """Run the command of this process's arguments; an expected error is one line on standard error and exit code 1."""
    load_dotenv(Path.cwd() / ".env")
    try:
        app()
    except EXPECTED as error:
        show_error(describe_error(error))
        sys.exit(1)
