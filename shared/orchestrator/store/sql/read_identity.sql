-- read_identity.sql: return by what a person is known, now and before, and which of their numbers are opted out. An
-- opt-out of a former number that another person has now is theirs.
SELECT u.id::text AS user_id, u.external_id, nullif(btrim(to_jsonb(u)->>'email'), '') AS email,
       -- First and last name together: one of them alone is an ordinary word.
       CASE WHEN u.first_name ~ '\w{2}' AND to_jsonb(u)->>'last_name' ~ '\w{2}'
            THEN concat_ws(' ', btrim(u.first_name), btrim(to_jsonb(u)->>'last_name')) END AS full_name,
       present.phone_number, former.numbers AS former_numbers,
       coalesce((
           SELECT array_agg(DISTINCT o.phone_number)
             FROM orchestrator.opt_outs o
            WHERE o.ended_at IS NULL
              AND (o.user_id = u.id OR o.phone_number = present.phone_number
                   OR (o.phone_number = ANY (former.numbers)
                       AND NOT EXISTS (SELECT FROM orchestrator.people_of(o.phone_number))))
       ), '{}') AS opted_out_numbers
  FROM users u
 CROSS JOIN LATERAL (SELECT coalesce(orchestrator.e164(u.phone_number), u.phone_number) AS phone_number) present
 CROSS JOIN LATERAL (
        -- In the spelling that was stored, and in E.164.
        SELECT coalesce(array_agg(DISTINCT spelling), '{}') AS numbers
          FROM (
                SELECT u.phone_number AS stored
                 UNION ALL
                SELECT coalesce(history.entry->>'phone_number', history.entry #>> '{}')
                  FROM jsonb_array_elements(
                           CASE jsonb_typeof(u.phone_number_history) WHEN 'array' THEN u.phone_number_history ELSE '[]' END
                       ) AS history (entry)
               ) number
         CROSS JOIN LATERAL (VALUES (number.stored), (orchestrator.e164(number.stored))) AS s (spelling)
         WHERE spelling <> present.phone_number
       ) former
 WHERE u.id = %(user_id)s
