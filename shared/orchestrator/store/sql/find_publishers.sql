-- find_publishers.sql: return the owners of these messages (R9). A publisher that was stored before sessions were cut off
-- loses its session here.
SELECT id, split_part(publisher, ':', 1)
  FROM message_queue
 WHERE id = ANY (%(message_ids)s::uuid[]) AND publisher IS NOT NULL
