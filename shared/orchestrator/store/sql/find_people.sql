-- find_people.sql: find the person behind each reference: our id first, then the caller's own. Returns what decides
-- when a new message is due. A deleted person is not found.
SELECT wanted.reference, u.id AS user_id,
       -- Reading a spelling takes longer than all the rest; most numbers are stored as `e164` returns them.
       CASE WHEN u.phone_number ~ '^\+(?:1[2-9][0-9]{2}[2-9][0-9]{6}|[2-9][0-9]{6,14})$' THEN u.phone_number
            ELSE coalesce(orchestrator.e164(u.phone_number), u.phone_number)
       END AS phone_number,
       u.timezone, u.quiet_hours_start, u.quiet_hours_end, u.response_pattern, limits.quiet_hours_enabled,
       hours.learned, hours.sure, curves.hours AS population, curves.stops, hours.off_since IS NOT NULL AS off
  FROM unnest(%(references)s::text[]) AS wanted (reference)
 INNER JOIN LATERAL (
        SELECT * FROM users
         WHERE id = CASE WHEN wanted.reference ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                         THEN wanted.reference::uuid END
        UNION ALL
        SELECT * FROM users WHERE external_id = wanted.reference
         LIMIT 1
       ) u
    ON u.phone_number NOT LIKE 'forgotten-%%'
  LEFT JOIN LATERAL orchestrator.limits_of(u.id, (%(now)s AT TIME ZONE 'UTC')::date) limits ON true
  LEFT JOIN orchestrator.answer_hours hours ON hours.user_id = u.id
  LEFT JOIN orchestrator.answer_curves curves ON true
