-- release_messages.sql: make approved messages that could not be handed over due again, with their due time unchanged.
UPDATE message_queue SET status = 'queued', lease_until = NULL
 WHERE id = ANY (%(message_ids)s::uuid[]) AND status = 'approved'
