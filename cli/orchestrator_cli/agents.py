"""Settings of agents (R13)."""

import dataclasses
from typing import Annotated

import typer
from rich import print as show
from rich import print_json
from rich.table import Table

from orchestrator.agents import Agent
from orchestrator.store import agents as store
from orchestrator_cli.connection import AsJson, Local, open_database

app = typer.Typer(help="What agents may do. The longest prefix of an agent's id counts.", no_args_is_help=True)

Prefix = Annotated[str, typer.Argument(help="The beginning of the ids, such as solution_saga.")]


@app.command("set")
def change(
    prefix: Prefix,
    urgent: Annotated[bool, typer.Option(help="Whether they may publish urgent messages.")] = True,
    hourly_limit: Annotated[
        int | None, typer.Option(help="Messages accepted in 60 minutes; what is above waits.", min=0)
    ] = None,
    publisher: Annotated[
        list[str] | None, typer.Option(help="A SenderId of SQS that alone may speak for them; may be repeated.")
    ] = None,
    local: Local = False,
) -> None:
    """Write the settings of a prefix; what is not given goes back to its default."""
    with open_database(local) as (connection, _):
        store.set_agent(connection, Agent(prefix, urgent, hourly_limit, publisher))
    show(f"[green]Set[/] {prefix}")


@app.command("list")
def list_agents(local: Local = False, as_json: AsJson = False) -> None:
    """Show all settings."""
    with open_database(local) as (connection, _):
        agents = store.list_agents(connection)
    if as_json:
        print_json(data=[dataclasses.asdict(agent) for agent in agents])
        return
    table = Table("prefix", "urgent", "messages an hour", "publishers")
    for agent in agents:
        limit = "no limit" if agent.hourly_limit is None else str(agent.hourly_limit)
        publishers = "anybody" if agent.publishers is None else ", ".join(agent.publishers)
        table.add_row(agent.prefix, "yes" if agent.may_use_urgent else "no", limit, publishers)
    show(table)


@app.command()
def remove(prefix: Prefix, local: Local = False) -> None:
    """Go back to the defaults."""
    with open_database(local) as (connection, _):
        removed = store.remove_agent(connection, prefix)
    show(f"[green]Removed[/] {prefix}" if removed else f"There were no settings for {prefix}.")
