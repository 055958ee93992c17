"""Commands that bring a database up to date and take over what is in it."""

from datetime import timedelta
from typing import Annotated

import typer
from rich import print as show

from orchestrator.settings import MigrationSettings, PolicySettings, load
from orchestrator.store import adoption
from orchestrator.store.migrate import migrate as apply_migrations
from orchestrator_cli.connection import Local, open_database, use_local_stack


def migrate(local: Local = False) -> None:
    """Bring the database up to date; safe to run again, and beside another runner."""
    if local:
        use_local_stack()
    applied = apply_migrations(load(MigrationSettings).url)
    for name in applied:
        show(f"applied {name}")
    show("[green]The database is up to date.[/]" if applied else "Nothing to do: the database is up to date.")


def adopt(
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only tell what would happen.")] = False,
    max_age: Annotated[int, typer.Option(help="Leave messages alone that are older than this many hours.", min=1)] = 24,
    local: Local = False,
) -> None:
    """Take over waiting messages that another sender left, and remember past STOPs."""
    policy = load(PolicySettings)
    with open_database(local) as (connection, clock):
        result = adoption.adopt(
            connection,
            timedelta(hours=max_age),
            timedelta(days=policy.message_lifetime_days),
            clock(),
            apply=apply,
        )
    show(f"messages {'taken over' if apply else 'that would be taken over'}: {result.adopted}")
    for why, number in sorted(result.left.items()):
        show(f"messages left alone ({why}): {number}")
    show(f"past STOPs {'remembered' if apply else 'that would be remembered'}: {result.opt_outs}")
    for trigger in result.old_triggers:
        show(f"[yellow]Warning:[/] trigger {trigger} on messages is another sender's. Drop it once that one is off.")
    if not apply:
        show("Nothing was changed. Run it again with --apply to do it.")
