-- count_reused_verdicts.sql: count the stored verdicts that replaced a call to Claude.
UPDATE orchestrator.relevance SET reused = reused + 1 WHERE message_id = ANY (%(message_ids)s::uuid[])
