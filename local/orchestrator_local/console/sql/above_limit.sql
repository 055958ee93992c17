-- above_limit.sql: how many texts of the last 60 minutes and of the local day each rule let go above the limits.
SELECT jsonb_object_agg(rule, of_hour) AS of_hour, jsonb_object_agg(rule, of_day) AS of_day
  FROM (
        SELECT CASE WHEN a.reply_to IS NOT NULL THEN 'reply'
                    WHEN a.active_since IS NOT NULL THEN 'active'
                    WHEN q.priority = 'urgent' AND NOT q.can_delay THEN 'urgent'
                    ELSE 'none'
               END AS rule,
               count(*) FILTER (WHERE a.started_at > %(now)s - interval '60 minutes') AS of_hour,
               count(*) FILTER (WHERE a.local_date = %(today)s) AS of_day
          FROM orchestrator.attempts a
          JOIN message_queue q ON q.id = a.message_id
         WHERE a.user_id = %(user_id)s AND a.holds_slot AND a.started_at > %(now)s - interval '2 days'
         GROUP BY 1
       ) texts
