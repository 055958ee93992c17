-- complete_sequences.sql: sequences whose parts are all there may go; an urgent one is handed over at once (R8).
-- Returns the first parts that are handed over.
WITH whole AS (
    SELECT sequence_id, greatest(max(coalesce(best_at, not_before, %(now)s)), %(now)s) AS due,
           CASE WHEN max(coalesce(not_before, %(now)s)) <= %(now)s
                THEN (array_agg(id) FILTER (WHERE sequence_position = 1 AND priority = 'urgent'))[1]
           END AS handed_over
      FROM message_queue
     WHERE sequence_id = ANY (%(sequence_ids)s::uuid[]) AND accepted_at IS NOT NULL
       AND status = 'queued' AND reason = 'sequence_incomplete'
     GROUP BY sequence_id
    HAVING count(*) = max(sequence_total)
), completed AS (
    UPDATE message_queue m
       SET scheduled_for = whole.due,
           reason = CASE WHEN whole.due <= %(now)s THEN NULL WHEN m.best_at IS NULL THEN 'scheduled' ELSE 'best_time' END,
           status = CASE WHEN m.id = whole.handed_over THEN 'approved' ELSE 'queued' END,
           lease_until = CASE WHEN m.id = whole.handed_over THEN %(lease_until)s::timestamptz END
      FROM whole
     WHERE m.sequence_id = whole.sequence_id AND m.accepted_at IS NOT NULL
    RETURNING m.id, m.user_id, m.status
)
SELECT id, user_id FROM completed WHERE status = 'approved'
