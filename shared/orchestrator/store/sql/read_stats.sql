-- read_stats.sql: return what became of messages since a time, as counts. Attempts are found by the time in their ids.
WITH attempts AS (
    SELECT a.id, a.outcome, a.error_code, a.undelivered_at, a.undelivered_code, a.started_at, q.agent_id, q.accepted_at,
           m.status AS message_status
      FROM orchestrator.attempts a
      LEFT JOIN message_queue q ON q.id = a.message_id
      LEFT JOIN messages m ON m.id IN (a.id, a.message_id) AND m.direction = 'outbound'
     WHERE a.id >= %(first_id)s
), timeline_counts AS (
    SELECT status, reason, count(*) AS messages FROM orchestrator.timeline WHERE at >= %(since)s GROUP BY 1, 2
), agents AS (
    SELECT agent_id, count(*) AS texts FROM attempts WHERE outcome = 'accepted' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10
)
SELECT count(*) FILTER (WHERE outcome = 'accepted') AS sent,
       count(*) FILTER (WHERE message_status = 'delivered') AS delivered,
       count(*) FILTER (WHERE undelivered_at IS NOT NULL) AS undelivered,
       (SELECT coalesce(jsonb_object_agg(code, texts), '{}')
          FROM (SELECT coalesce(undelivered_code::text, 'unknown') AS code, count(*) AS texts
                  FROM attempts WHERE undelivered_at IS NOT NULL GROUP BY 1) c) AS undelivered_by_code,
       (SELECT coalesce(jsonb_object_agg(code, texts), '{}')
          FROM (SELECT coalesce(error_code::text, 'unknown') AS code, count(*) AS texts
                  FROM attempts WHERE outcome = 'refused' GROUP BY 1) c) AS refused_by_code,
       count(*) FILTER (WHERE outcome = 'unknown') AS unknown_outcomes,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - accepted_at))
           FILTER (WHERE outcome = 'accepted') AS wait_half_seconds,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - accepted_at))
           FILTER (WHERE outcome = 'accepted') AS wait_most_seconds,
       (SELECT coalesce(jsonb_object_agg(reason, messages), '{}')
          FROM timeline_counts WHERE status = 'queued') AS held_by_reason,
       (SELECT coalesce(jsonb_object_agg(status || ' (' || reason || ')', messages), '{}')
          FROM timeline_counts WHERE status <> 'queued') AS ended_by_reason,
       (SELECT coalesce(jsonb_object_agg(reason, bodies), '{}')
          FROM (SELECT reason, count(*) AS bodies
                  FROM orchestrator.rejections WHERE rejected_at >= %(since)s GROUP BY 1) r) AS rejected_by_reason,
       (SELECT count(*) FROM messages WHERE direction = 'inbound' AND role = 'user' AND created_at >= %(since)s)
           AS texts_received,
       (SELECT count(*) FROM orchestrator.opt_outs WHERE opted_out_at >= %(since)s) AS opt_outs,
       (SELECT coalesce(jsonb_object_agg(coalesce(agent_id, 'unknown'), texts), '{}') FROM agents) AS sent_by_agent
  FROM attempts
