-- opt_in.sql: these numbers said START (R11). It undoes what was said before it: of the number, and of the person who has it
-- now. What another number, or another person, said stays: a person's opt-out goes on with the number they have now, and
-- that of a number they had before is the number's alone.
WITH said AS (
    SELECT DISTINCT ON (s.phone_number) s.phone_number, u.id AS user_id, s.at
      FROM unnest(%(phone_number)s::text[], %(at)s::timestamptz[]) AS s (phone_number, at)
      LEFT JOIN users u ON u.phone_number = s.phone_number
     ORDER BY s.phone_number, s.at DESC
), forgotten AS (
    DELETE FROM orchestrator.forgotten_opt_outs f
     USING unnest(%(number_hash)s::text[], %(at)s::timestamptz[]) AS s (number_hash, at)
     WHERE f.number_hash = s.number_hash AND f.opted_out_at <= s.at
), ended AS (
    UPDATE orchestrator.opt_outs o
       SET ended_at = said.at
      FROM said
     WHERE o.phone_number = said.phone_number AND o.ended_at IS NULL AND o.opted_out_at <= said.at
    RETURNING o.user_id, o.source, o.opted_out_at, said.user_id AS starter
), of_other_people AS (
    INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at)
    SELECT u.phone_number, u.id, ended.source, ended.opted_out_at
      FROM ended
      JOIN users u ON u.id = ended.user_id
     WHERE ended.user_id IS DISTINCT FROM ended.starter
        ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
)
UPDATE orchestrator.opt_outs o
   SET user_id = NULL
  FROM said
 WHERE o.user_id = said.user_id AND o.phone_number <> said.phone_number AND o.ended_at IS NULL AND o.opted_out_at <= said.at
