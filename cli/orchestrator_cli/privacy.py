"""The commands `privacy`: export, hold and delete what is stored about a person."""

import dataclasses
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from orchestrator.errors import OrchestratorError
from orchestrator.sender_settings import PrivacySettings
from orchestrator.settings import SenderSettings, load
from orchestrator.store.legal_holds import end_legal_hold, place_legal_hold
from orchestrator.store.operator_actions import Action, record_action
from orchestrator.store.people import find_user
from orchestrator.store.privacy import Identity, export_person
from orchestrator_cli.actions import audit
from orchestrator_cli.connection import open_database
from orchestrator_cli.dead_letters import (
    SourceQueue,
    dead_letter_url_of,
    delete_dead_letter,
    is_set,
    queues_in_environment,
    receive_dead_letters,
    release,
)
from orchestrator_cli.extras import require_extra
from orchestrator_cli.identity import operator_name
from orchestrator_cli.options import AS_REASON, AsJson, PersonReference, Reason, Yes
from orchestrator_cli.output import confirm, json_text, print_result, progress_bar, show_json, show_note, style_line
from orchestrator_cli.target import on_target

app = typer.Typer(help="Export, hold or delete everything that is stored about a person.", no_args_is_help=True)


@app.command("export")
@on_target
def export(
    user: PersonReference,
    to: Annotated[Path | None, typer.Option("--to", help="Write to this file. Without it: print.")] = None,
) -> None:
    """Export everything that is stored about a person, as JSON."""
    from orchestrator.maintenance.privacy import identity_of

    with open_database() as (connection, _):
        stored = export_person(connection, identity_of(connection, user).user_uuid)
    if to is None:
        show_json(stored)
        return
    to.write_text(json_text(stored) + "\n")
    to.chmod(0o600)
    show_note(style_line("[green]Written[/] to {}, which only you can read.", to))


@app.command("delete")
@on_target
def delete(
    user: PersonReference,
    yes: Yes = False,
    keep_at_twilio: Annotated[
        bool,
        typer.Option("--keep-at-twilio", help="Leave the texts at Twilio. A later run without this deletes them."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Delete a person's texts, data and number: here, in the dead-letter queues, and at Twilio. It cannot be undone."""
    with require_extra("privacy delete", "cli,functions"):
        from orchestrator.maintenance.privacy import delete_person, identity_of
        from orchestrator.sms.erase import TwilioTextEraser
    with open_database() as (connection, clock), progress_bar() as progress:
        identity = identity_of(connection, user)
        eraser = None if keep_at_twilio else TwilioTextEraser(load(SenderSettings))
        if not yes and not identity.is_deleted:
            progress.stop()
            confirm(f"Delete everything that is stored about {user}? It cannot be undone.")
            progress.start()

        def delete_letters(identity: Identity) -> int:
            # The first step that cannot be undone; the others follow in commits of their own.
            record_action(connection, Action("privacy delete", user_id=identity.user_uuid), operator_name(), clock())
            return _delete_dead_letters(identity)

        task = progress.add_task("Deleting at Twilio", total=None)
        deletion = delete_person(
            connection,
            identity,
            eraser,
            load(PrivacySettings),
            clock,
            on_text=lambda done, of: progress.update(task, completed=done, total=of),
            delete_letters=delete_letters,
        )
    here = deletion.deleted
    lines: list[object] = [
        f"person: {identity.user_id} (the row stays, without personal data)",
        f"texts: {here.messages}, queued messages: {here.queued_messages}, conversations: {here.conversations}",
        f"agent tasks: {here.agent_tasks}, log entries: {here.log_entries} (costs stay, without the person)",
        f"rows of others that named the person: {here.in_other_rows}",
        f"dead letters deleted: {deletion.dead_letters}",
        f"opt-outs kept as a keyed hash: {deletion.kept_opt_outs}",
        f"deleted at Twilio: {deletion.erased_at_twilio}, left there: {deletion.left_at_twilio}",
    ]
    if deletion.left_at_twilio:
        lines.append(
            style_line("[yellow]Run it again with the id {}[/] to delete what is left at Twilio.", identity.user_id)
        )
    unsearched = [queue for queue in SourceQueue if not is_set(queue)]
    if unsearched:
        names = ", ".join(unsearched)
        lines.append(style_line("[yellow]Not searched for dead letters:[/] {} (the URL is not set)", names))
    facts = {"user_id": identity.user_id, **dataclasses.asdict(deletion), "queues_not_searched": unsearched}
    print_result(facts, *lines, as_json=as_json)
    if deletion.left_at_twilio and not keep_at_twilio:
        raise typer.Exit(1)


@app.command()
@on_target
def hold(
    user: PersonReference,
    note: Annotated[
        str, typer.Option("--note", help="Why, such as 'claim 4711'. Without names or numbers.", **AS_REASON)
    ],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Place a legal hold on a person: until it is released, nothing deletes what is stored about them."""
    with open_database() as (connection, clock):
        user_id = find_user(connection, user)
        confirm(f"Place a legal hold on {user_id}? Until its release nothing of theirs is deleted.", yes=yes)
        with audit(connection, clock(), Action("privacy hold", user_id=user_id, reason=note)):
            place_legal_hold(connection, user_id, note, clock())
    line = style_line("[green]Held[/] {}: nothing of theirs is deleted until `privacy release`.", user_id)
    print_result({"user_id": user_id, "note": note}, line, as_json=as_json)


@app.command("release")
@on_target
def release_hold(user: PersonReference, reason: Reason = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """End the legal hold on a person. The next night deletes what is older than the retention."""
    with open_database() as (connection, clock):
        user_id = find_user(connection, user)
        confirm(f"Release the legal hold on {user_id}? The next night deletes what is older than kept.", yes=yes)
        with audit(connection, clock(), Action("privacy release", user_id=user_id, reason=reason)):
            was_held = end_legal_hold(connection, user_id)
    line = style_line("[green]Released[/] {}", user_id) if was_held else f"{user_id} was not under a legal hold."
    print_result({"user_id": user_id, "was_held": was_held}, line, as_json=as_json)


def _delete_dead_letters(identity: Identity) -> int:
    """Delete the dead letters that name the person; returns how many.

    Raises:
        OrchestratorError: SQS did not answer.
    """
    from orchestrator.maintenance.traces import is_about

    deleted = 0
    try:
        for queue in queues_in_environment():
            url = dead_letter_url_of(queue)
            for letter in list(receive_dead_letters(url)):
                if any(is_about(identity, text) for text in (letter.body, *letter.attributes.values())):
                    delete_dead_letter(letter, url)
                    deleted += 1
                else:
                    release(letter, url)
    except (BotoCoreError, ClientError) as error:
        raise OrchestratorError(
            f"SQS did not answer: {error}. Dead letters may be left, and the database was not changed. Run it again."
        ) from None
    return deleted
