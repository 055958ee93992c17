"""A person's rights: export and deletion."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from orchestrator.errors import OrchestratorError
from orchestrator.settings import PrivacySettings, SenderSettings, load
from orchestrator.store.privacy import Identity, export_person
from orchestrator_cli.connection import open_database
from orchestrator_cli.dead_letters import DeadLetterQueue, dead_letter_url_of, destroy, is_set, leave, letters
from orchestrator_cli.output import AsJson, tell
from orchestrator_cli.target import on_target

app = typer.Typer(help="A person's rights: everything that is kept of them, and its deletion.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="Our UUID of the person, or your own id of them.")]


@app.command("export")
@on_target
def export(
    user: Reference,
    to: Annotated[Path | None, typer.Option("--to", help="Write to this file; to the screen when left out.")] = None,
) -> None:
    """Export everything that is kept of a person, as JSON."""
    from orchestrator.maintenance.privacy import identity_of

    with open_database() as (connection, _):
        kept = export_person(connection, identity_of(connection, user).user_uuid)
    text = json.dumps(kept, indent=2, ensure_ascii=False, default=str)
    if to is None:
        typer.echo(text)
        return
    to.write_text(text + "\n")
    to.chmod(0o600)
    Console(stderr=True).print(f"[green]Written[/] to {to}, which only you can read.")


@app.command("delete")
@on_target
def delete(
    user: Reference,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    keep_at_twilio: Annotated[
        bool, typer.Option("--keep-at-twilio", help="Leave the texts at Twilio; running it again deletes them.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a person's content and number: here, in the dead-letter queues, and at Twilio. It cannot be undone."""
    try:
        from orchestrator.maintenance.privacy import delete_person, identity_of
        from orchestrator.sms.erase import TwilioTextEraser
    except ModuleNotFoundError:
        raise OrchestratorError('It asks Twilio: pip install "message-orchestrator[cli,functions]".') from None
    with open_database() as (connection, clock), Progress(console=Console(stderr=True)) as progress:
        identity = identity_of(connection, user)
        eraser = None if keep_at_twilio else TwilioTextEraser(load(SenderSettings))
        if not yes and not identity.is_forgotten:
            progress.stop()
            typer.confirm(f"Delete everything of {user}? It cannot be undone.", abort=True)
            progress.start()
        task = progress.add_task("Deleting at Twilio", total=None)
        deletion = delete_person(
            connection,
            identity,
            eraser,
            load(PrivacySettings),
            clock,
            on_text=lambda done, of: progress.update(task, completed=done, total=of),
        )
        destroyed = _destroy_letters(identity)
    here = deletion.here
    lines = [
        f"person: {identity.user_id} (the row stays, and says nothing of who it was)",
        f"texts: {here.messages}, queued messages: {here.queued_messages}, conversations: {here.conversations}",
        f"agent tasks: {here.agent_tasks}, log entries: {here.log_entries} (costs are kept without the person)",
        f"dead letters destroyed: {destroyed}",
        f"opt-outs kept as a keyed hash: {deletion.kept_opt_outs}",
        f"deleted at Twilio: {deletion.erased_at_twilio}, left there: {deletion.left_at_twilio}",
    ]
    if deletion.left_at_twilio:
        lines.append(f"[yellow]Run it again with the id {identity.user_id}[/] to delete what is left at Twilio.")
    facts = {"user_id": identity.user_id, "dead_letters": destroyed, **dataclasses.asdict(deletion)}
    tell(facts, *lines, as_json=as_json)
    if deletion.left_at_twilio and not keep_at_twilio:
        raise typer.Exit(1)


def _destroy_letters(identity: Identity) -> int:
    """Destroy the dead letters that name the person; how many there were."""
    names = [identity.user_id, *([] if identity.is_forgotten else [identity.phone_number, *identity.former_numbers])]
    names += [json.dumps(identity.external_id)] if identity.external_id else []
    destroyed = 0
    for queue in (queue for queue in DeadLetterQueue if is_set(queue)):
        url = dead_letter_url_of(queue)
        for letter in list(letters(url)):
            if any(name in letter.body for name in names):
                destroy(letter, url)
                destroyed += 1
            else:
                leave(letter, url)
    return destroyed
