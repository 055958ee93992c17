"""A person's rights: finds a person, and deletes everything about them here and at Twilio."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection

from orchestrator.clock import Clock
from orchestrator.errors import SettingsError, UnknownUser
from orchestrator.maintenance.traces import name_pattern, trace_pattern
from orchestrator.number_hash import number_hash
from orchestrator.sender_settings import PrivacySettings
from orchestrator.sms.erase import TextEraser
from orchestrator.store import privacy as store
from orchestrator.store.legal_holds import require_no_legal_hold
from orchestrator.store.old_senders import require_changeable_numbers
from orchestrator.store.people import find_user
from orchestrator.store.privacy import DeletedRecords, Identity


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion did.

    Attributes:
        identity: the person's ids and numbers before the deletion.
        deleted: how many rows of the database were deleted or emptied.
        dead_letters: dead letters that named the person, and were deleted.
        kept_opt_outs: opted-out numbers that are kept as a keyed hash.
        erased_at_twilio, left_at_twilio: texts; another run deletes those that are left.
    """

    identity: Identity
    deleted: DeletedRecords
    dead_letters: int
    kept_opt_outs: int
    erased_at_twilio: int
    left_at_twilio: int


def identity_of(connection: Connection, reference: str) -> Identity:
    """The ids and numbers of a person; a deleted person is still found by our id.

    Raises:
        UnknownUser: no person has this id or external id.
    """
    try:
        user_id = find_user(connection, reference)
    except UnknownUser:
        try:
            user_id = UUID(reference)
        except ValueError:
            raise UnknownUser(reference) from None
    identity = store.read_identity(connection, user_id)
    if identity is None:
        raise UnknownUser(reference)
    return identity


def delete_person(
    connection: Connection,
    identity: Identity,
    eraser: TextEraser | None,
    settings: PrivacySettings,
    clock: Clock,
    on_text: Callable[[int, int], None] = lambda _done, _of: None,
    delete_letters: Callable[[Identity], int] = lambda _identity: 0,
) -> Deletion:
    """Delete a person in the dead-letter queues, in the database and at Twilio.

    Another run continues where one was interrupted: letters are found by the identity, which therefore goes after them,
    and texts at Twilio by ids that stay until Twilio has deleted them.

    Args:
        eraser: deletes texts at Twilio; None leaves them there.
        on_text: called after each text at Twilio with how many are done, and of how many.
        delete_letters: deletes the dead letters that name the person, and returns how many.

    Raises:
        LegalHold: the person is under a legal hold; nothing was deleted.
        NumberTriggerFails: a trigger of the owner fails on each change of a number; nothing was deleted.
        SettingsError: the person is opted out, and there is no `PRIVACY_KEY` to keep the opt-out; nothing was deleted.
        OrchestratorError: the dead letters cannot be read; nothing in the database was deleted.
    """
    require_no_legal_hold(connection, identity.user_uuid)
    require_changeable_numbers(connection)
    hashes = _opt_out_hashes(identity, settings)
    dead_letters = delete_letters(identity)
    deleted = store.delete_person(
        connection, identity, hashes, trace_pattern(identity), name_pattern(identity), clock()
    )
    sids = store.read_person_sids(connection, identity.user_id)
    erased = 0
    for place, sid in enumerate(sids, start=1):
        if eraser is not None and eraser.erase(sid):
            store.clear_person_sids(connection, identity.user_id, [sid])
            erased += 1
        on_text(place, len(sids))
    return Deletion(identity, deleted, dead_letters, len(hashes), erased, len(sids) - erased)


def _opt_out_hashes(identity: Identity, settings: PrivacySettings) -> list[str]:
    """The keyed hashes by which the person's opted-out numbers stay opted out."""
    hashes = [number_hash(number, settings.privacy_key) for number in identity.opted_out_numbers]
    kept = [hashed for hashed in hashes if hashed is not None]
    if len(kept) < len(hashes):
        raise SettingsError(
            "PRIVACY_KEY: is not set, and this person is opted out. Set it here and in the stack (PrivacyKey), so that "
            "the number stays opted out after it is deleted."
        )
    return kept
