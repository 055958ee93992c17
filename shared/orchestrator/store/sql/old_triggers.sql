-- old_triggers.sql: the triggers on `messages` by which another sender still picks up outbound rows.
SELECT name FROM orchestrator.old_sender_triggers()
