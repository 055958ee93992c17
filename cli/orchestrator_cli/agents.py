"""Settings of agents (R13)."""

import dataclasses
from typing import Annotated

import typer
from rich import print as show
from rich import print_json
from rich.table import Table

from orchestrator.agents import Agent
from orchestrator.store import agents as store
from orchestrator_cli.connection import open_database
from orchestrator_cli.output import AsJson, tell
from orchestrator_cli.target import on_target

app = typer.Typer(help="What agents may do. The longest prefix of an agent's id counts.", no_args_is_help=True)

Prefix = Annotated[str, typer.Argument(help="The beginning of the ids, such as solution_saga.")]


@app.command("set")
@on_target
def change(
    prefix: Prefix,
    urgent: Annotated[bool, typer.Option(help="Whether they may publish urgent messages.")] = True,
    hourly_limit: Annotated[
        int | None, typer.Option(help="Messages accepted in 60 minutes; what is above waits.", min=0)
    ] = None,
    publisher: Annotated[
        list[str] | None, typer.Option(help="A SenderId of SQS that alone may speak for them; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the settings of a prefix; what is not given goes back to its default."""
    agent = Agent(prefix, urgent, hourly_limit, publisher)
    with open_database() as (connection, _):
        store.set_agent(connection, agent)
    tell(dataclasses.asdict(agent), f"[green]Set[/] {prefix}", as_json=as_json)


@app.command("list")
@on_target
def list_agents(as_json: AsJson = False) -> None:
    """Show all settings."""
    with open_database() as (connection, _):
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
@on_target
def remove(prefix: Prefix, as_json: AsJson = False) -> None:
    """Go back to the defaults."""
    with open_database() as (connection, _):
        removed = store.remove_agent(connection, prefix)
    said = f"[green]Removed[/] {prefix}" if removed else f"There were no settings for {prefix}."
    tell({"prefix": prefix, "removed": removed}, said, as_json=as_json)
