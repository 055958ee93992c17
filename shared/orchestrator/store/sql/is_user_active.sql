-- is_user_active.sql: return whether a person wrote since a time (R4).
SELECT EXISTS (
    SELECT FROM orchestrator.person_texts(%(not_conversation)s::text[], %(now)s) t
     WHERE t.user_id = %(user_id)s AND t.created_at > %(since)s
)
