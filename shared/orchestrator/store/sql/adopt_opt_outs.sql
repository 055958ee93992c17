-- adopt_opt_outs.sql: people whose last word of the two kinds was STOP, not START.
WITH last_word AS (
    SELECT DISTINCT ON (m.user_id) m.user_id, m.created_at,
           upper(btrim(m.content)) = ANY (%(stop_words)s::text[]) AS stopped
      FROM messages m
     WHERE m.direction = 'inbound'
       AND upper(btrim(m.content)) = ANY (%(stop_words)s::text[] || %(start_words)s::text[])
     ORDER BY m.user_id, m.created_at DESC NULLS LAST
)
INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
SELECT u.phone_number, u.id, 'adopted', coalesce(last_word.created_at, %(now)s)
  FROM last_word
  JOIN users u ON u.id = last_word.user_id
 WHERE last_word.stopped
    ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
