-- retain_messages.sql: the words of old texts, as many as one batch takes.
WITH old AS (
    SELECT id FROM messages WHERE created_at < %(before)s AND content <> '' ORDER BY created_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE messages m SET content = '' FROM old WHERE m.id = old.id
