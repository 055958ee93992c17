-- end_opt_outs.sql: end the opt-outs that a START ends (R11): those of the number, and of the people who have it now,
-- from before the START. At the same time STOP wins. An opt-out of another number stays with that number alone. An
-- opt-out of another person, on this number, goes on with the number that the person has now.
WITH starts AS (
    SELECT DISTINCT ON (s.phone_number) s.phone_number, s.at
      FROM unnest(%(phone_number)s::text[], %(at)s::timestamptz[]) AS s (phone_number, at)
     ORDER BY s.phone_number, s.at DESC
), deleted_person_opt_outs AS (
    DELETE FROM orchestrator.forgotten_opt_outs f
     USING unnest(%(number_hash)s::text[], %(at)s::timestamptz[]) AS s (number_hash, at)
     WHERE f.number_hash = s.number_hash AND f.opted_out_at < s.at
), ended_opt_outs AS (
    UPDATE orchestrator.opt_outs o
       SET ended_at = starts.at
      FROM starts
     WHERE o.phone_number = starts.phone_number AND o.ended_at IS NULL AND o.opted_out_at < starts.at
    RETURNING o.user_id, o.phone_number, o.source, o.opted_out_at, o.note, o.recorded_at
), opt_outs_of_others AS (
    INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at, note, recorded_at)
    SELECT coalesce(orchestrator.e164(u.phone_number), u.phone_number), u.id, e.source, e.opted_out_at, e.note,
           e.recorded_at
      FROM ended_opt_outs e
      JOIN users u ON u.id = e.user_id
     WHERE orchestrator.e164(u.phone_number) IS DISTINCT FROM e.phone_number
        ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
)
UPDATE orchestrator.opt_outs o
   SET user_id = NULL
  FROM starts
 CROSS JOIN LATERAL orchestrator.people_of(starts.phone_number) p
 WHERE o.user_id = p.user_id AND o.phone_number <> starts.phone_number AND o.ended_at IS NULL
   AND o.opted_out_at < starts.at
