-- has_same_words.sql: return whether a text with the same words, or of the same data, went to a person since a time (R14).
SELECT EXISTS (
    SELECT FROM orchestrator.texts_to(%(user_id)s::uuid, %(since)s::timestamptz) t
     WHERE t.words_digest = %(words_digest)s::text OR t.data_digest = %(data_digest)s::text
)
