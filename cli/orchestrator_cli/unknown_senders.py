"""The command `unknown-senders`: texts from numbers that belong to no person."""

from typing import Annotated

import typer

from orchestrator.rules.local_time import format_time
from orchestrator.store.conversation import read_unknown_senders
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson
from orchestrator_cli.output import Table, show, show_json
from orchestrator_cli.target import on_target


@on_target
def unknown_senders(
    limit: Annotated[int, typer.Option(help="Texts to show at most.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the newest texts from numbers that belong to no person."""
    with open_database() as (connection, _):
        found = read_unknown_senders(connection, limit)
    if as_json:
        show_json(found)
        return
    if not found:
        show("No texts from unknown senders.")
        return
    table = Table("received", "number", "text")
    for text in found:
        table.add_row(format_time(text["received_at"]), text["phone_number"], text["body"])
    show(table)
