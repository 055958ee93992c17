-- is_user_active.sql: whether a person wrote since a time.
SELECT EXISTS (
    SELECT FROM messages
     WHERE user_id = %(user_id)s AND direction = 'inbound' AND created_at > %(since)s AND created_at <= %(now)s
       AND upper(btrim(content)) <> ALL (%(not_conversation)s::text[])
)
