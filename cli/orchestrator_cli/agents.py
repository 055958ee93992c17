"""The commands `agent`: settings of agents (R13)."""

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer
from psycopg import Connection

from orchestrator.agents import Agent
from orchestrator.clock import Clock
from orchestrator.errors import InvalidQuery
from orchestrator.ids import normal_agent_id, publisher_of
from orchestrator.purpose import Purpose
from orchestrator.query.scope import alias_of
from orchestrator.rules.outcome_brake import OutcomeScope
from orchestrator.rules.pause_words import data_of, describe_in_words
from orchestrator.store import agents as store
from orchestrator.store.operator_actions import Action
from orchestrator.store.pauses import list_pauses
from orchestrator_cli.actions import audit
from orchestrator_cli.changes import changes_between, describe_changes
from orchestrator_cli.connection import open_database
from orchestrator_cli.options import MOST_TEXTS, AsJson, Reason, Yes, one_of
from orchestrator_cli.output import Table, show, show_json, style_line
from orchestrator_cli.proposals import ActionResult, Proposal, carry_out
from orchestrator_cli.target import on_target

app = typer.Typer(
    help="Show and change what agents may do. The settings with the longest prefix of an agent's id apply.",
    no_args_is_help=True,
)


class Switch(StrEnum):
    """A setting that is on or off, or has its default."""

    ON = "on"
    OFF = "off"
    DEFAULT = "default"


AT_NIGHT = {Switch.ON: True, Switch.OFF: False, Switch.DEFAULT: None}

# By an operator, the throttle, and what their texts brought.
PAUSES_OF_AGENTS = ("agent", "brake", OutcomeScope.AGENT)
# Agents at the start limit that are listed, those with the most messages first.
_MOST_LISTED = 20
Prefix = Annotated[str, typer.Argument(help="The beginning of the agents' ids, such as solution_saga.")]


def normal_prefix(text: str) -> str:
    """The beginning of agents' ids as it is compared with them.

    Raises:
        typer.BadParameter: no id of an agent begins with it.
    """
    normal = normal_agent_id(text)
    if normal is None:
        raise typer.BadParameter("Ids of agents are printable ASCII; a letter of another script may look the same.")
    return normal


@app.command("alias")
def print_alias(prefix: Prefix) -> None:
    """Print the alias of the query function through which these agents see their own messages alone."""
    try:
        show(alias_of(prefix))
    except InvalidQuery as error:
        raise typer.BadParameter(f"The prefix {error.problem}. {error.fix}.") from None


@app.command("set")
@on_target
def set_agent(
    prefix: Prefix,
    urgent: Annotated[
        bool | None, typer.Option("--urgent/--no-urgent", help="Whether these agents may publish urgent messages.")
    ] = None,
    hourly_limit: Annotated[
        int | None, typer.Option(help="Messages in any 60 minutes; more are held.", min=0, max=MOST_TEXTS)
    ] = None,
    no_hourly_limit: Annotated[bool, typer.Option("--no-hourly-limit", help="As many as they publish.")] = False,
    publisher: Annotated[
        list[str] | None,
        typer.Option(help="The SQS SenderId of a role that may publish for these agents; repeatable."),
    ] = None,
    any_publisher: Annotated[bool, typer.Option("--any-publisher", help="Any role may publish for them.")] = False,
    urgent_at_night: Annotated[
        Switch | None,
        typer.Option(
            help="Whether urgent messages that cannot wait go in quiet hours; `default`: those of `system` alone.",
            **one_of(Switch),
        ),
    ] = None,
    purpose: Annotated[
        Purpose | None,
        typer.Option(help="What their texts are for; the law and consent of people depend on it.", **one_of(Purpose)),
    ] = None,
    approval: Annotated[
        bool | None,
        typer.Option("--approval/--no-approval", help="Whether an operator approves each of their texts first."),
    ] = None,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Set what the agents of a prefix may do. An option that is not given keeps its value, at first the default."""
    prefix = normal_prefix(prefix)
    given: dict[str, Any] = {
        "may_use_urgent": urgent,
        "hourly_limit": hourly_limit,
        "purpose": purpose,
        "needs_approval": approval,
    }
    if publisher is not None:
        given["publishers"] = [publisher_of(sender_id) for sender_id in publisher]
    given = {name: value for name, value in given.items() if value is not None}
    for option, name, is_taken_away in (
        ("hourly-limit", "hourly_limit", no_hourly_limit),
        ("publisher", "publishers", any_publisher),
    ):
        if is_taken_away and name in given:
            raise typer.BadParameter(f"Give --{option}, or the option that takes it away, not both.")
        if is_taken_away:
            given[name] = None
    if urgent_at_night is not None:
        given["urgent_at_night"] = AT_NIGHT[urgent_at_night]
    with open_database() as (connection, clock):
        carry_out(propose_agent_settings(connection, clock, prefix, given), reason, yes=yes, as_json=as_json)


def propose_agent_settings(connection: Connection, clock: Clock, prefix: str, given: Mapping[str, Any]) -> Proposal:
    """Set what the agents of a prefix may do; what is not given keeps its value, at first the default."""
    stored = next((agent for agent in store.list_agents(connection) if agent.prefix == prefix), None)
    before = stored or Agent(prefix)
    agent = dataclasses.replace(before, **given)
    changes = changes_between(dataclasses.asdict(before), dataclasses.asdict(agent))
    # Settings of their own take agents out of the start limit, also where each of them is the default.
    words = describe_changes(changes) if changes or stored else "the defaults, as settings of their own"

    def apply(reason: str | None) -> ActionResult:
        with audit(connection, clock(), Action("agent set", prefix, change=changes, reason=reason)):
            store.set_agent(connection, agent)
        line = style_line("[green]Set[/] {}: {}", agent.prefix, words)
        return ActionResult({**dataclasses.asdict(agent), "changes": changes}, [line])

    return Proposal(f"Set the agents {prefix}: {words}?", apply)


@app.command("list")
@on_target
def list_agents(as_json: AsJson = False) -> None:
    """Show the settings of all prefixes, and which agents are paused, throttled, or wait at the start limit."""
    with open_database() as (connection, clock):
        agents = store.list_agents(connection)
        at_start_limit = store.list_agents_at_start_limit(connection, _MOST_LISTED)
        pauses = [pause for pause in list_pauses(connection, clock()) if pause.scope in PAUSES_OF_AGENTS]
    if as_json:
        of_prefix = {
            agent.prefix: data_of([pause for pause in pauses if pause.value == agent.prefix]) for agent in agents
        }
        show_json([{**dataclasses.asdict(agent), "pauses": of_prefix[agent.prefix]} for agent in agents])
        return
    table = Table("prefix", "urgent", "urgent at night", "messages an hour", "publishers", "purpose", "approval")
    for agent in agents:
        limit = "no limit" if agent.hourly_limit is None else str(agent.hourly_limit)
        publishers = "any" if agent.publishers is None else ", ".join(agent.publishers)
        at_night = {None: "system alone", True: "yes", False: "no"}[agent.urgent_at_night]
        urgent = "yes" if agent.may_use_urgent else "no"
        approval = "needed" if agent.needs_approval else "none"
        table.add_row(agent.prefix, urgent, at_night, limit, publishers, agent.purpose, approval)
    show(table)
    for pause in pauses:
        show(style_line("[yellow]Paused:[/] {}", describe_in_words(pause)))
    for waiting in at_start_limit:
        agent_of = f"{waiting.agent_id} of {waiting.publisher or 'no publisher'}"
        waits = f"{waiting.messages} messages wait until `orchestrator agent set PREFIX`"
        show(style_line("[yellow]At the start limit:[/] {}, {}", agent_of, waits))


@app.command()
@on_target
def remove(prefix: Prefix, reason: Reason = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove the settings of a prefix, so that the defaults apply."""
    with open_database() as (connection, clock):
        carry_out(propose_removal(connection, clock, normal_prefix(prefix)), reason, yes=yes, as_json=as_json)


def propose_removal(connection: Connection, clock: Clock, prefix: str) -> Proposal:
    """Remove the settings of a prefix."""

    def apply(reason: str | None) -> ActionResult:
        with audit(connection, clock(), Action("agent remove", prefix, reason=reason)):
            removed = store.remove_agent(connection, prefix)
        line = style_line("[green]Removed[/] the settings of {}" if removed else "There are no settings of {}.", prefix)
        return ActionResult({"prefix": prefix, "removed": removed}, [line])

    return Proposal(f"Remove the settings of {prefix}? The defaults apply then.", apply)
