-- release_messages.sql: messages that could not be handed over are due as before.
UPDATE message_queue SET status = 'queued', lease_until = NULL
 WHERE id = ANY (%(message_ids)s::uuid[]) AND status = 'approved'
