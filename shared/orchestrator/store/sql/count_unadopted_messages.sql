-- count_unadopted_messages.sql: count the waiting rows of `message_queue` that are not ours to send.
SELECT count(*) FROM message_queue WHERE accepted_at IS NULL AND status = 'queued'
