-- count_reuse.sql: verdicts that were remembered, and saved a call.
UPDATE orchestrator.relevance SET reused = reused + 1 WHERE message_id = ANY (%(message_ids)s::uuid[])
