-- read_gauges.sql: return how much is overdue and waiting, for how long a text of a person has been unread, what the day
-- has cost, how old the oldest pause is, which old senders are there, for how long events wait, and the connections in
-- use. It reads a bounded number of waiting messages through indexes, however many wait.
WITH oldest_due AS (
    SELECT lane, min(due) AS due
      FROM unnest(%(lanes)s::text[]) AS lane
     CROSS JOIN LATERAL (
            (
             SELECT first.scheduled_for AS due
               FROM (
                     SELECT m.scheduled_for, m.priority, m.agent_id, m.message_data->>'type' AS type, m.user_id,
                            m.reason
                       FROM message_queue m
                      WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL AND m.priority = lane
                        AND m.scheduled_for <= %(now)s
                      ORDER BY m.priority, m.scheduled_for, m.created_at
                      LIMIT 1000
                    ) first
              WHERE first.reason IS DISTINCT FROM 'sequence_incomplete'
                AND NOT EXISTS (
                    SELECT FROM orchestrator.pauses_of(
                                    first.priority, first.agent_id, first.type, first.user_id, %(now)s
                                )
                )
              ORDER BY first.scheduled_for
              LIMIT 1
            )
             UNION ALL
            -- Approved, and not yet reserved.
            SELECT min(m.scheduled_for)
              FROM message_queue m
             WHERE m.status = 'approved' AND m.accepted_at IS NOT NULL AND m.lease_until >= %(now)s
               AND m.priority = lane AND m.scheduled_for <= %(now)s
           ) found
     GROUP BY lane
), counts AS (
    SELECT coalesce(reason, 'due') AS reason, count(*) AS messages
      FROM (
            SELECT m.reason
              FROM message_queue m
             WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL
             ORDER BY m.priority, m.scheduled_for, m.created_at
             LIMIT %(limit)s
           ) nearest
     GROUP BY 1
)
SELECT (SELECT coalesce(jsonb_object_agg(lane, extract(epoch FROM %(now)s - due)) FILTER (WHERE due IS NOT NULL), '{}')
          FROM oldest_due) AS overdue,
       (SELECT coalesce(jsonb_object_agg(reason, messages), '{}') FROM counts) AS waiting,
       (SELECT coalesce(extract(epoch FROM %(now)s - min(received_at)), 0)::float
          FROM orchestrator.readings WHERE kind = 'unjudged') AS oldest_unread,
       coalesce(today.cost_usd, 0) AS claude_usd,
       coalesce(today.twilio_usd, 0) AS twilio_usd,
       (SELECT coalesce(jsonb_object_agg(CASE p.value WHEN 'urgent' THEN 'twilio_urgent' ELSE 'twilio' END, 1), '{}')
          FROM orchestrator.pauses p WHERE p.scope = 'spending' AND p.ends_at > %(now)s) AS cost_ceilings,
       (SELECT coalesce(jsonb_object_agg(scope, pauses), '{}')
          FROM (
                SELECT p.scope, count(*) AS pauses
                  FROM orchestrator.pauses p
                 WHERE p.scope IN ('agent_outcomes', 'type_outcomes') AND p.ends_at IS NULL
                 GROUP BY p.scope
               ) by_scope) AS outcome_pauses,
       (SELECT coalesce(extract(epoch FROM %(now)s - min(p.paused_at)), 0)::float
          FROM orchestrator.pauses p
         WHERE p.ends_at IS NULL OR (p.ends_at > %(now)s AND p.ends_at > p.paused_at)) AS oldest_pause,
       (SELECT coalesce(jsonb_object_agg(s.kind || ' ' || s.name, 1), '{}')
          FROM orchestrator.old_senders() s) AS old_senders,
       (SELECT coalesce(jsonb_object_agg(target, seconds), '{}')
          FROM (
                SELECT e.target, extract(epoch FROM %(now)s - min(e.at))::float AS seconds
                  FROM orchestrator.events e
                 GROUP BY e.target
               ) by_target) AS oldest_events,
       (SELECT 100.0 * sum(numbackends) / current_setting('max_connections')::int
          FROM pg_stat_database)::float AS connections
  FROM (SELECT) AS always
  LEFT JOIN orchestrator.daily_spending() today ON today.day = (%(now)s AT TIME ZONE 'UTC')::date
