"""The `orchestrator` command: registers every subcommand, and reports expected errors in one line."""

import importlib.metadata
import re
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import psycopg
import typer
from botocore.exceptions import BotoCoreError, ClientError
from dotenv import load_dotenv

from orchestrator.errors import OrchestratorError
from orchestrator_cli import (
    actions,
    agents,
    consents,
    costs,
    database,
    dlq,
    doctor,
    evidence,
    invoke,
    law,
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
from orchestrator_cli.output import show, show_error

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)
for command in (
    database.migrate,
    database.adopt,
    pauses.pause,
    pauses.resume,
    pauses.pauses,
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
    unknown_senders.unknown_senders,
    invoke.invoke,
):
    app.command()(command)
app.command("strangers", hidden=True)(unknown_senders.unknown_senders)  # the name that the command had before
app.command("evidence-check")(evidence.check_file)
app.add_typer(users.app, name="user")
app.add_typer(agents.app, name="agent")
app.add_typer(dlq.app, name="dlq")
app.add_typer(consents.app, name="consent")
app.add_typer(law.app, name="law")
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
    except OrchestratorError as error:
        _fail(str(error))
    except psycopg.OperationalError as error:
        _fail(f"The database cannot be reached: {str(error).splitlines()[0]}. Check DATABASE_URL.")
    except (BotoCoreError, ClientError) as error:
        _fail(f"A request to AWS failed: {error}")
    except psycopg.errors.InsufficientPrivilege as error:
        _fail(f"This command needs the role that owns the tables ({error.diag.message_primary}): docs/database.md.")
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction) as error:
        # The context names a function where one of the owner's triggers failed, and no statement of ours.
        within = re.search(r"PL/pgSQL function (\S+)", error.diag.context or "")
        if within and not within[1].startswith("orchestrator."):
            _fail(f"The database's own function {within[1]} failed: {error.diag.message_primary}. Correct or drop it.")
        _fail("The database is not up to date. Run `orchestrator migrate`.")


def _fail(text: str) -> NoReturn:
    show_error(text)
    sys.exit(1)
