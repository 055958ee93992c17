-- read_texts_of_former_webhook.sql: return what people wrote since the last reading and no webhook of ours stored, oldest
-- first, and then texts without a time, which count from now. A text of ours is classified in the statement that stores
-- it. Where nothing is left, the next reading begins at this time, less the overlap: a row may be committed after one that
-- was written later.
WITH unclassified_texts AS NOT MATERIALIZED (
    SELECT m.id, m.user_id, person.phone_number, m.content, m.created_at
      FROM messages m
     CROSS JOIN LATERAL (
            SELECT coalesce(orchestrator.e164(u.phone_number), u.phone_number) AS phone_number
              FROM users u
             WHERE u.id = m.user_id AND u.phone_number NOT LIKE 'forgotten-%%'
             LIMIT 1  -- and so is each person
           ) person
     WHERE m.direction = 'inbound' AND m.role = 'user'
       -- Each text is looked up by its id, where NOT EXISTS would read all of them: the planner takes the time for any.
       AND (SELECT r.inbound_id FROM orchestrator.readings r WHERE r.inbound_id = m.id) IS NULL
), new_texts AS MATERIALIZED (
    -- Two branches, so that the index on the time serves each.
    SELECT *
      FROM (
            (SELECT *
               FROM unclassified_texts
              WHERE created_at > (
                    SELECT least(max(f.up_to), %(now)s) - %(overlap)s::interval FROM orchestrator.former_webhook_read f
                    )
              ORDER BY created_at, id
              LIMIT %(limit)s)
             UNION ALL
            (SELECT * FROM unclassified_texts WHERE created_at IS NULL LIMIT %(limit)s)
           ) texts
     ORDER BY created_at, id  -- those without a time last: the next reading begins at the newest that is classified
     LIMIT %(limit)s
), everything_read AS (
    INSERT INTO orchestrator.former_webhook_read (up_to)
    SELECT %(now)s WHERE NOT EXISTS (SELECT FROM new_texts)
        ON CONFLICT (only_row) DO UPDATE SET up_to = excluded.up_to
)
SELECT id, user_id, phone_number, content, least(created_at, %(now)s) AS written_at, NULL::text AS kind,
       created_at IS NOT NULL AS is_dated
  FROM new_texts
 ORDER BY written_at, id
