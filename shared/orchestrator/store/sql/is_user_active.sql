-- is_user_active.sql: whether a person wrote since a time.
SELECT EXISTS (
    SELECT FROM messages i
     WHERE i.user_id = %(user_id)s AND i.direction = 'inbound' AND i.created_at > %(since)s AND i.created_at <= %(now)s
       AND upper(btrim(i.content)) <> ALL (%(not_conversation)s::text[])
       AND NOT EXISTS (
           SELECT FROM orchestrator.readings r WHERE r.inbound_id = i.id AND r.kind NOT IN ('conversation', 'unjudged')
       )
)
