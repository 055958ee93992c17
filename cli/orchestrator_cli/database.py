"""The commands `migrate` and `adopt`: they update the database, and take over rows of another sender."""

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Annotated

import typer

from orchestrator.settings import MigrationSettings, PolicySettings, load
from orchestrator.store import adoption
from orchestrator.store.adoption import QuotedText
from orchestrator.store.migrate import migrate as apply_migrations
from orchestrator.store.old_senders import list_failing_number_triggers
from orchestrator.store.people import list_zone_faults
from orchestrator_cli.connection import open_database
from orchestrator_cli.old_sender_checks import number_trigger_results, old_sender_results
from orchestrator_cli.options import AsJson
from orchestrator_cli.output import print_result, style_line
from orchestrator_cli.stack_checks import MOST_LISTED, zone_results
from orchestrator_cli.target import on_target

# Characters of a text that a report shows.
LONGEST_QUOTE = 100


@on_target
def migrate(as_json: AsJson = False) -> None:
    """Bring the database up to date. Running it again, or twice at the same time, is safe."""
    applied = apply_migrations(load(MigrationSettings).url)
    end = style_line(
        "[green]The database is up to date.[/]" if applied else "Nothing to do: the database is up to date."
    )
    print_result({"applied": applied}, *(f"applied {name}" for name in applied), end, as_json=as_json)


@on_target
def adopt(
    apply: Annotated[bool, typer.Option("--apply", help="Change the database. Without it: only report.")] = False,
    max_age: Annotated[int, typer.Option(help="Leave messages that are older than this many hours.", min=1)] = 24,
    as_json: AsJson = False,
) -> None:
    """Take over the waiting messages of another sender, and store past STOPs as opt-outs.

    The history is read by the rules of live texts. A person's last text that may be a wish to stop holds everything to
    them until `orchestrator user read`.
    """
    policy = load(PolicySettings)
    with open_database() as (connection, clock):
        result = adoption.adopt(
            connection,
            timedelta(hours=max_age),
            timedelta(days=policy.message_lifetime_days),
            clock(),
            apply=apply,
        )
        zones = list_zone_faults(connection, MOST_LISTED + 1)
        number_triggers = list_failing_number_triggers(connection)
    lines = [
        f"messages {'taken over' if apply else 'to take over'}: {result.adopted}",
        *(f"messages left as they are ({why}): {number}" for why, number in sorted(result.left.items())),
        f"past STOPs {'stored' if apply else 'to store'} as opt-outs: {result.opt_outs}",
        *_quotes(result.stop_examples),
        f"last texts that an operator {'has' if apply else 'will have'} to read: {result.unread}",
        *_quotes(result.unread_examples),
        *(
            style_line("[yellow]Warning:[/] {}: {}. {}", fault.what, fault.detail, fault.fix)
            for fault in old_sender_results(result.old_senders)
        ),
        *(
            style_line("[yellow]Warning:[/] {}: {}. {}", fault.what, fault.detail, fault.fix)
            for fault in number_trigger_results(number_triggers)
        ),
        *(style_line("[yellow]Warning:[/] zones: {}. {}", fault.detail, fault.fix) for fault in zone_results(zones)),
    ]
    if not apply:
        lines.append("Nothing was changed. Run it again with --apply to make these changes.")
    print_result(
        {"applied": apply, **dataclasses.asdict(result), "zones": dataclasses.asdict(zones)}, *lines, as_json=as_json
    )


def _quotes(texts: Sequence[QuotedText]) -> Iterator[str]:
    """Some texts, each on one line."""
    for text in texts:
        words = " ".join(text.content.split())
        yield f"  {text.written_at:%Y-%m-%d}  {text.user_id}  {words[:LONGEST_QUOTE]}"
