-- list_people_opted_out.sql: list the people whose opt-out is in force, oldest first, each with its number and its source.
SELECT u.id AS user_id, u.external_id, o.phone_number, coalesce(o.note, o.source) AS source, o.opted_out_at AS at
  FROM orchestrator.opt_outs o
  JOIN users u ON u.id = o.user_id
 WHERE o.ended_at IS NULL
 ORDER BY o.opted_out_at, o.id
