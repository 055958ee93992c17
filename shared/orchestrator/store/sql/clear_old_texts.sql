-- clear_old_texts.sql: clear one batch of old texts' words.
WITH old AS (
    SELECT id FROM messages WHERE created_at < %(before)s AND content <> '' ORDER BY created_at LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE messages m SET content = '' FROM old WHERE m.id = old.id
