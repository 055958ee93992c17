-- next_moment.sql: when something may happen next, and whether something is overdue: then each minute looks again, because the
-- sender's pace, a pause or a higher lane holds it.
SELECT min(moment) AS moment,
       EXISTS (
           SELECT FROM message_queue
            WHERE status IN ('queued', 'approved') AND accepted_at IS NOT NULL AND scheduled_for <= %(now)s
       ) AS overdue
  FROM (
        SELECT min(scheduled_for) FROM message_queue
         WHERE status IN ('queued', 'approved') AND accepted_at IS NOT NULL AND scheduled_for > %(now)s
         UNION ALL
        SELECT min(lease_until) FROM message_queue
         WHERE status IN ('approved', 'sending') AND accepted_at IS NOT NULL AND lease_until > %(now)s
         UNION ALL
        SELECT min(ends_at) FROM orchestrator.pauses WHERE ends_at > %(now)s
       ) AS moments (moment)
