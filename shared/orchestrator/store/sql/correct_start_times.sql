-- correct_start_times.sql: give each START the time of its first request, where a repetition of it was taken in before.
-- An opt-out that only the repetition came after is in force again (R11).
WITH corrections AS (
    SELECT r.inbound_id, r.phone_number, r.received_at AS old_at, c.received_at AS new_at
      FROM unnest(%(inbound_id)s::uuid[], %(received_at)s::timestamptz[]) AS c (inbound_id, received_at)
      JOIN orchestrator.readings r ON r.inbound_id = c.inbound_id
     WHERE r.kind = 'start' AND c.received_at < r.received_at
), readings AS (
    UPDATE orchestrator.readings r
       SET received_at = c.new_at
      FROM corrections c
     WHERE r.inbound_id = c.inbound_id
), lost_opt_outs AS (
    SELECT DISTINCT ON (o.phone_number) o.id
      FROM corrections c
      JOIN orchestrator.opt_outs o ON o.phone_number = c.phone_number AND o.ended_at = c.old_at
     WHERE o.opted_out_at >= c.new_at
       AND NOT EXISTS (
           SELECT FROM orchestrator.readings other
            WHERE other.phone_number = o.phone_number AND other.kind = 'start' AND other.inbound_id <> c.inbound_id
              AND other.received_at > o.opted_out_at
       )
       AND NOT EXISTS (
           SELECT FROM orchestrator.opt_outs f WHERE f.phone_number = o.phone_number AND f.ended_at IS NULL
       )
     ORDER BY o.phone_number, o.opted_out_at DESC
)
UPDATE orchestrator.opt_outs o SET ended_at = NULL FROM lost_opt_outs WHERE o.id = lost_opt_outs.id
