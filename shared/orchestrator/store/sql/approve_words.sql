-- approve_words.sql: record which words of a waiting message an operator approved, and make it due. Every other rule holds
-- as before, and it is held again where its words are others by then. Returns nothing where it waits no more.
WITH message AS (
    UPDATE message_queue m
       SET scheduled_for = %(now)s, reason = NULL
     WHERE m.id = %(message_id)s AND m.status = 'queued' AND m.reason = 'approval' AND m.accepted_at IS NOT NULL
    RETURNING m.id
)
INSERT INTO orchestrator.approvals (message_id, digest, approved_at)
SELECT id, %(digest)s, %(now)s FROM message
    ON CONFLICT (message_id) DO UPDATE SET digest = excluded.digest, approved_at = excluded.approved_at
RETURNING message_id
