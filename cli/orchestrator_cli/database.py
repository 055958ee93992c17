"""Commands that bring a database up to date and take over what is in it."""

import dataclasses
from datetime import timedelta
from typing import Annotated

import typer

from orchestrator.settings import MigrationSettings, PolicySettings, load
from orchestrator.store import adoption
from orchestrator.store.migrate import migrate as apply_migrations
from orchestrator_cli.connection import open_database
from orchestrator_cli.output import AsJson, tell
from orchestrator_cli.target import on_target


@on_target
def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date; safe to run again, and beside another runner."""
    applied = apply_migrations(load(MigrationSettings).url)
    end = "[green]The database is up to date.[/]" if applied else "Nothing to do: the database is up to date."
    tell({"applied": applied}, *(f"applied {name}" for name in applied), end, as_json=as_json)


@on_target
def adopt(
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only tell what would happen.")] = False,
    max_age: Annotated[int, typer.Option(help="Leave messages alone that are older than this many hours.", min=1)] = 24,
    as_json: AsJson = False,
) -> None:
    """Take over waiting messages that another sender left, and remember past STOPs."""
    policy = load(PolicySettings)
    with open_database() as (connection, clock):
        result = adoption.adopt(
            connection,
            timedelta(hours=max_age),
            timedelta(days=policy.message_lifetime_days),
            clock(),
            apply=apply,
        )
    lines = [
        f"messages {'taken over' if apply else 'that would be taken over'}: {result.adopted}",
        *(f"messages left alone ({why}): {number}" for why, number in sorted(result.left.items())),
        f"past STOPs {'remembered' if apply else 'that would be remembered'}: {result.opt_outs}",
        *(
            f"[yellow]Warning:[/] trigger {trigger} on messages is another sender's. Drop it once that one is off."
            for trigger in result.old_triggers
        ),
    ]
    if not apply:
        lines.append("Nothing was changed. Run it again with --apply to do it.")
    tell({"applied": apply, **dataclasses.asdict(result)}, *lines, as_json=as_json)
