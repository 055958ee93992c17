-- complete_sequences.sql: make sequences whose parts are all there due, and approve urgent ones at once (R8). Returns
-- the first parts of those that are approved.
WITH complete_sequences AS (
    SELECT sequence_id, greatest(max(coalesce(best_at, not_before, %(now)s)), %(now)s) AS due,
           CASE WHEN max(coalesce(not_before, %(now)s)) <= %(now)s
                THEN (array_agg(id) FILTER (WHERE sequence_position = 1 AND priority = 'urgent'))[1]
           END AS first_urgent
      FROM message_queue
     WHERE sequence_id = ANY (%(sequence_ids)s::uuid[]) AND accepted_at IS NOT NULL
       AND status = 'queued' AND reason = 'sequence_incomplete'
     GROUP BY sequence_id
    HAVING count(*) = max(sequence_total)
), parts AS (
    UPDATE message_queue m
       SET scheduled_for = complete_sequences.due,
           reason = CASE WHEN complete_sequences.due <= %(now)s THEN NULL
                         WHEN m.best_at IS NULL THEN 'scheduled'
                         ELSE 'best_time' END,
           status = CASE WHEN m.id = complete_sequences.first_urgent THEN 'approved' ELSE 'queued' END,
           lease_until = CASE WHEN m.id = complete_sequences.first_urgent THEN %(lease_until)s::timestamptz END
      FROM complete_sequences
     WHERE m.sequence_id = complete_sequences.sequence_id AND m.accepted_at IS NOT NULL
    RETURNING m.id, m.user_id, m.status
)
SELECT id, user_id FROM parts WHERE status = 'approved'
