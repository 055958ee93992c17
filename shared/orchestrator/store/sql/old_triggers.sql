-- old_triggers.sql: triggers by which another sender still picks up outbound rows.
SELECT t.tgname
  FROM pg_trigger t
  JOIN pg_proc p ON p.oid = t.tgfoid
 WHERE t.tgrelid = to_regclass('messages') AND NOT t.tgisinternal
   AND p.prosrc ~* '(queued_for_send|pg_notify)'
