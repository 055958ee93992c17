"""The commands `agent`: settings of agents (R13)."""

import dataclasses
from typing import Annotated

import typer

from orchestrator.agents import Agent
from orchestrator.store import agents as store
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import AsJson
from orchestrator_cli.output import Table, print_result, show, show_json, style_line
from orchestrator_cli.target import on_target

app = typer.Typer(
    help="Show and change what agents may do. The settings with the longest prefix of an agent's id apply.",
    no_args_is_help=True,
)

Prefix = Annotated[str, typer.Argument(help="The beginning of the agents' ids, such as solution_saga.")]


@app.command("set")
@on_target
def set_agent(
    prefix: Prefix,
    urgent: Annotated[bool, typer.Option(help="Whether these agents may publish urgent messages.")] = True,
    hourly_limit: Annotated[
        int | None, typer.Option(help="Messages in any 60 minutes; more are held. Without it: no limit.", min=0)
    ] = None,
    publisher: Annotated[
        list[str] | None,
        typer.Option(help="The SQS SenderId of a role that may publish for these agents; repeatable. Without it: any."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set what the agents of a prefix may do. An option that is not given gets its default."""
    agent = Agent(prefix, urgent, hourly_limit, publisher)
    with open_database() as (connection, _):
        store.set_agent(connection, agent)
    print_result(dataclasses.asdict(agent), style_line("[green]Set[/] {}", prefix), as_json=as_json)


@app.command("list")
@on_target
def list_agents(as_json: AsJson = False) -> None:
    """Show the settings of all prefixes."""
    with open_database() as (connection, _):
        agents = store.list_agents(connection)
    if as_json:
        show_json([dataclasses.asdict(agent) for agent in agents])
        return
    table = Table("prefix", "urgent", "messages an hour", "publishers")
    for agent in agents:
        limit = "no limit" if agent.hourly_limit is None else str(agent.hourly_limit)
        publishers = "any" if agent.publishers is None else ", ".join(agent.publishers)
        table.add_row(agent.prefix, "yes" if agent.may_use_urgent else "no", limit, publishers)
    show(table)


@app.command()
@on_target
def remove(prefix: Prefix, as_json: AsJson = False) -> None:
    """Remove the settings of a prefix, so that the defaults apply."""
    with open_database() as (connection, _):
        removed = store.remove_agent(connection, prefix)
    line = style_line("[green]Removed[/] the settings of {}" if removed else "There are no settings of {}.", prefix)
    print_result({"prefix": prefix, "removed": removed}, line, as_json=as_json)
