"""The `orchestrator` command: every sub-command, and one way to report mistakes."""

import sys
from pathlib import Path

import psycopg
import typer
from botocore.exceptions import BotoCoreError, ClientError
from dotenv import load_dotenv
from rich.console import Console

from orchestrator.errors import OrchestratorError
from orchestrator_cli import (
    agents,
    costs,
    database,
    dlq,
    doctor,
    inspect,
    invoke,
    pauses,
    privacy,
    recovery,
    stats,
    unknown_senders,
    users,
)

app = typer.Typer(
    help="Operate the Message Orchestrator. Settings come from the environment and from .env in this folder.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(database.migrate)
app.command()(database.adopt)
app.command()(pauses.pause)
app.command()(pauses.resume)
app.command()(inspect.queue)
app.command()(inspect.explain)
app.command()(costs.costs)
app.command()(recovery.recover)
app.command()(stats.stats)
app.command()(doctor.doctor)
app.command()(unknown_senders.strangers)
app.command()(invoke.invoke)
app.add_typer(users.app, name="user")
app.add_typer(agents.app, name="agent")
app.add_typer(dlq.app, name="dlq")
app.add_typer(privacy.app, name="privacy")


def run() -> None:
    """Run a command; a known mistake is one line on standard error and exit code 1."""
    load_dotenv(Path.cwd() / ".env")
    try:
        app()
    except OrchestratorError as error:
        _fail(str(error))
    except psycopg.OperationalError as error:
        _fail(f"The database cannot be reached: {str(error).splitlines()[0]}. Check DATABASE_URL.")
    except (BotoCoreError, ClientError) as error:
        _fail(f"AWS cannot be asked: {error}")
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.UndefinedFunction):
        _fail("The database is not up to date. Run `orchestrator migrate`.")


def _fail(text: str) -> None:
    Console(stderr=True, highlight=False).print(text, style="red", markup=False)
    sys.exit(1)
