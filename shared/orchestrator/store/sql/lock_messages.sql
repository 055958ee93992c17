-- lock_messages.sql: lock messages one after the other in id order; a withdrawal locks them in the same order.
SELECT 1 FROM message_queue WHERE id = ANY (%(message_ids)s::uuid[]) ORDER BY id FOR NO KEY UPDATE
