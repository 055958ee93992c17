-- concurrently: the index of `orchestrator.e164(phone_number)`, by the same expression as in the function.
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_e164 ON users (substring(
    regexp_replace(
        regexp_replace(
            lower(normalize(phone_number::text, NFKC)),
            '^\s*(tel|sms|whatsapp|rcs):|[\s().\-/\u00ad\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]', '', 'g'
        ),
        '^(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})$', '+1\1'
    ),
    '^\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{6,14})$'
));
