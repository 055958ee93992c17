-- clear_old_texts.sql: clear one batch of old texts' words. Those of our texts and of wishes to stop are kept as evidence
-- (R15) where they are young enough for it. Texts of people under a legal hold stay as they are.
WITH old AS (
    SELECT id FROM messages m
     WHERE created_at < %(before)s AND content <> ''
       AND NOT EXISTS (SELECT FROM orchestrator.legal_holds h WHERE h.user_id = m.user_id)
     ORDER BY created_at
     LIMIT %(limit)s
       FOR NO KEY UPDATE SKIP LOCKED
), evidence AS (
    INSERT INTO orchestrator.kept_words (text_id, user_id, content, written_at)
    SELECT m.id, m.user_id, m.content, m.created_at
      FROM old
      JOIN messages m ON m.id = old.id
     WHERE m.created_at >= %(keep_since)s
       AND (EXISTS (SELECT FROM orchestrator.attempts a WHERE a.id = m.id)
            OR EXISTS (
                SELECT FROM orchestrator.readings r
                 WHERE r.inbound_id = m.id AND r.kind IN ('stop', 'wrong_person', 'start')
            ))
        ON CONFLICT (text_id) DO NOTHING
)
UPDATE messages m SET content = '' FROM old WHERE m.id = old.id
