-- list_old_sender_triggers.sql: list the triggers on `messages` by which another sender still picks up outbound rows.
SELECT name FROM orchestrator.old_sender_triggers()
