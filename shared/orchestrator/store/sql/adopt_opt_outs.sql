-- adopt_opt_outs.sql: opt out each person whose last keyword in the history of texts is STOP, not START.
WITH last_keyword AS (
    SELECT DISTINCT ON (m.user_id) m.user_id, m.created_at,
           upper(btrim(m.content)) = ANY (%(stop_words)s::text[]) AS is_stop
      FROM messages m
     WHERE m.direction = 'inbound'
       AND upper(btrim(m.content)) = ANY (%(stop_words)s::text[] || %(start_words)s::text[])
     ORDER BY m.user_id, m.created_at DESC NULLS LAST
)
INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
SELECT coalesce(orchestrator.e164(u.phone_number), u.phone_number), u.id, 'adopted', coalesce(last_keyword.created_at, %(now)s)
  FROM last_keyword
  JOIN users u ON u.id = last_keyword.user_id
 WHERE last_keyword.is_stop
    ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
