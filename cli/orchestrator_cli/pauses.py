"""The commands `pause`, `resume` and `pauses`: for everything, a lane, an agent, a message type or a person (R13)."""

from typing import Annotated
from uuid import UUID

import typer
from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.messages import Lane
from orchestrator.rules.outcome_brake import OutcomeScope
from orchestrator.rules.pause_words import PauseRow, data_of, describe_in_words, describe_pause
from orchestrator.store import pauses as store
from orchestrator.store.operator_actions import Action, record_action
from orchestrator.store.people import find_user
from orchestrator_cli.agents import normal_prefix
from orchestrator_cli.connection import open_database
from orchestrator_cli.identity import operator_name
from orchestrator_cli.options import AS_REASON, AsJson, Reason, Yes, one_of
from orchestrator_cli.output import show, show_json, style_line
from orchestrator_cli.pause_lines import show_banner
from orchestrator_cli.proposals import ActionResult, Proposal, carry_out
from orchestrator_cli.target import on_target

OfLane = Annotated[Lane | None, typer.Option("--lane", help="Only this lane.", **one_of(Lane))]
OfAgent = Annotated[str | None, typer.Option("--agent", help="Only the agents whose ids begin with this.")]
OfType = Annotated[str | None, typer.Option("--type", help="Only messages of this type, as in their data.")]
OfUser = Annotated[str | None, typer.Option("--user", help="Only this person: our UUID, or your external id.")]

# What `resume` ends.
RESUMABLE = ("everything", "lane", "agent", "type", "user", "spending")
# Pauses that the functions set by themselves: a throttled agent, a lane that Twilio asked to slow down, an account
# that Twilio refuses; and those by outcome. `resume` ends them together with the operator's pause of the same kind.
_AUTOMATIC_SCOPES = {"agent": "brake", "lane": "busy", "everything": "provider"}
_OUTCOME_SCOPES = {"agent": OutcomeScope.AGENT, "type": OutcomeScope.TYPE}


@on_target
def pause(
    lane: OfLane = None,
    agent: OfAgent = None,
    message_type: OfType = None,
    user: OfUser = None,
    note: Annotated[
        str | None, typer.Option("--note", "--reason", help="Why: other operators see it.", **AS_REASON)
    ] = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Stop sending, also of messages in the delivery queue. Paused messages wait; none is lost."""
    with open_database() as (connection, clock):
        scope, value = scope_of(connection, lane, agent, message_type, user)
        carry_out(propose_pause(connection, clock, scope, value), note, yes=yes, as_json=as_json)


def propose_pause(connection: Connection, clock: Clock, scope: str, value: str) -> Proposal:
    """Stop sending what is in a scope.

    Raises:
        typer.BadParameter: the name of what is paused is empty; every agent's id begins with it.
    """
    if scope != "everything" and not value.strip():
        raise typer.BadParameter(f"The name of the {scope} is empty. Name it; without an option everything is paused.")
    name = describe_pause(scope, value).stops

    def apply(reason: str | None) -> ActionResult:
        now, operator = clock(), operator_name()
        with connection.transaction():
            changed = store.pause(connection, scope, value, reason, now, operator)
            record_action(connection, _action("pause", scope, value, reason, changed=changed), operator, now)
        line = style_line(
            "[yellow]Paused:[/] {}, until resumed." if changed else "No change: {} is already paused.", name
        )
        return ActionResult({"scope": scope, "value": value, "changed": changed}, [line])

    return Proposal(f"Stop sending: {name}? What is paused waits until it is resumed.", apply)


@on_target
def resume(
    lane: OfLane = None,
    agent: OfAgent = None,
    message_type: OfType = None,
    user: OfUser = None,
    spending: Annotated[
        bool, typer.Option("--spending", help="Only messages held by Twilio's daily ceiling, for the rest of the day.")
    ] = False,
    reason: Reason = None,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """End a pause, also one that a brake or a refused account set. Sending continues within a minute."""
    if spending and any(option is not None for option in (lane, agent, message_type, user)):
        raise typer.BadParameter("Give --spending alone: Twilio's ceiling stops the ordinary lanes together.")
    with open_database() as (connection, clock):
        scope, value = ("spending", "") if spending else scope_of(connection, lane, agent, message_type, user)
        carry_out(propose_resume(connection, clock, scope, value), reason, yes=yes, as_json=as_json)


def propose_resume(connection: Connection, clock: Clock, scope: str, value: str) -> Proposal:
    """End the pauses of a scope, also those that a function set."""
    name = describe_pause(scope, value).stops

    def apply(reason: str | None) -> ActionResult:
        now, operator = clock(), operator_name()
        with connection.transaction():
            ended = [store.resume(connection, each, value) for each in {scope, _AUTOMATIC_SCOPES.get(scope, scope)}]
            if by_outcome := _OUTCOME_SCOPES.get(scope):
                ended.append(store.lift_outcome_pause(connection, by_outcome, value, now))
            changed = any(ended)
            record_action(connection, _action("resume", scope, value, reason, changed=changed), operator, now)
        others = store.list_pauses(connection, now)
        line = style_line("[green]Resumed:[/] {}." if changed else "No change: {} was not paused.", name)
        facts = {"scope": scope, "value": value, "changed": changed, "still_paused": data_of(others)}
        still = (style_line("Still paused: {}", describe_in_words(each)) for each in others)
        return ActionResult(facts, [line, *still])

    return Proposal(f"Resume sending: {name}? What waited for it goes within minutes.", apply)


@on_target
def pauses(as_json: AsJson = False) -> None:
    """Show what is paused now: since when, by whom, why, until when, and the command that ends it."""
    with open_database() as (connection, clock):
        in_force = store.list_pauses(connection, clock())
    if as_json:
        show_json(data_of(in_force))
    elif in_force:
        show_banner(in_force)
    else:
        show("Nothing is paused.")


def scope_to_resume(pause: PauseRow) -> tuple[str, str] | None:
    """The scope and value whose resuming ends a pause; None where it ends by itself alone."""
    if describe_pause(pause.scope, pause.value).resume is None:
        return None
    automatic = {
        by_function: scope for scopes in (_AUTOMATIC_SCOPES, _OUTCOME_SCOPES) for scope, by_function in scopes.items()
    }
    return automatic.get(pause.scope, pause.scope), pause.value


def _action(command: str, scope: str, value: str, reason: str | None, *, changed: bool) -> Action:
    """The action to record; a person stands in a column of their own, which their deletion finds."""
    # The history of a message leaves out what had no effect.
    change = {} if changed else {"effect": "none"}
    if scope == "user":
        return Action(command, user_id=UUID(value), change=change, reason=reason)
    return Action(command, describe_pause(scope, value).stops, change=change, reason=reason)


def scope_of(
    connection: Connection, lane: Lane | None, agent: str | None, message_type: str | None, user: str | None
) -> tuple[str, str]:
    """The scope and value of a pause, as `orchestrator.pauses` stores them.

    Raises:
        typer.BadParameter: more than one thing is named, or an agent's id cannot be read.
        UnknownUser: no person has this id.
    """
    given = [option for option in (lane, agent, message_type, user) if option is not None]
    if len(given) > 1:
        raise typer.BadParameter("Give one of --lane, --agent, --type and --user, or none of them for everything.")
    if message_type is not None:
        return "type", message_type
    if lane is not None:
        return "lane", lane.value
    if agent is not None:
        return "agent", normal_prefix(agent)
    if user is not None:
        return "user", str(find_user(connection, user))
    return "everything", ""
