-- next_moment.sql: the next time at which something may be due, and whether something is overdue. What is overdue waits
-- for the sender's pace, a pause or a higher lane, so the caller looks again each minute.
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
