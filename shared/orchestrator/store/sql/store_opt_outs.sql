-- store_opt_outs.sql: store the opt-outs of numbers that sent STOP, and of the people who have them now (R11). A START
-- that was sent later and came earlier wins: the opt-out is stored as one that this START ended. Where the number's
-- opt-out belonged to another person too, theirs goes on with the number that they have now.
WITH stops AS (
    SELECT DISTINCT ON (s.phone_number) s.phone_number, u.id AS user_id, s.source, s.at, s.note, s.recorded_at, later.ended_at,
           -- Where Twilio has confirmed one of several STOPs, no confirmation is due.
           CASE WHEN bool_and(s.confirm_until IS NOT NULL) OVER (PARTITION BY s.phone_number)
                THEN s.confirm_until END AS confirm_until
      FROM unnest(%(phone_number)s::text[], %(source)s::text[], %(at)s::timestamptz[],
                  %(confirm_until)s::timestamptz[], %(note)s::text[], %(recorded_at)s::timestamptz[])
             AS s (phone_number, source, at, confirm_until, note, recorded_at)
      LEFT JOIN LATERAL (
            SELECT p.user_id AS id FROM orchestrator.people_of(s.phone_number) p
             UNION ALL
            -- An operator opts out a person whose number cannot be read.
            SELECT id FROM users WHERE phone_number = s.phone_number
           ) u ON true
     CROSS JOIN LATERAL (
            SELECT max(starts.at) AS ended_at
              FROM (
                    SELECT r.received_at AS at
                      FROM orchestrator.readings r
                     WHERE r.phone_number = s.phone_number AND r.kind = 'start' AND r.received_at > s.at
                     UNION ALL
                    SELECT o.ended_at
                      FROM orchestrator.opt_outs o
                     WHERE o.phone_number = s.phone_number AND o.ended_at > s.at
                   ) starts
           ) later
     -- Of the people who share a phone, the person whom we texted last wrote it.
     ORDER BY s.phone_number, s.at DESC, orchestrator.texted_at(u.id, s.phone_number) DESC NULLS LAST, u.id
), overtaken_opt_outs AS (
    INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at, ended_at, note, recorded_at,
                                       stored_at)
    SELECT phone_number, user_id, source, at, ended_at, note, recorded_at, %(now)s FROM stops WHERE ended_at IS NOT NULL
), opt_outs_of_others AS (
    INSERT INTO orchestrator.opt_outs (phone_number, user_id, source, opted_out_at, note, recorded_at, stored_at)
    SELECT coalesce(orchestrator.e164(theirs.phone_number), theirs.phone_number), theirs.id, o.source, o.opted_out_at,
           o.note, o.recorded_at, o.stored_at
      FROM stops
      JOIN orchestrator.opt_outs o ON o.phone_number = stops.phone_number AND o.ended_at IS NULL
                                  AND o.user_id <> stops.user_id
      JOIN users theirs ON theirs.id = o.user_id
     WHERE stops.ended_at IS NULL
        ON CONFLICT (phone_number) WHERE ended_at IS NULL DO NOTHING
), opt_outs AS (
    INSERT INTO orchestrator.opt_outs AS o
           (phone_number, user_id, source, opted_out_at, confirm_until, note, recorded_at, stored_at)
    SELECT phone_number, user_id, source, at, confirm_until, note, recorded_at, %(now)s FROM stops WHERE ended_at IS NULL
        ON CONFLICT (phone_number) WHERE ended_at IS NULL
        -- Of several STOPs the newest counts: a START ends an opt-out only if it comes after all of them.
        DO UPDATE SET user_id = coalesce(excluded.user_id, o.user_id),
                      opted_out_at = greatest(o.opted_out_at, excluded.opted_out_at),
                      note = coalesce(excluded.note, o.note),
                      recorded_at = coalesce(excluded.recorded_at, o.recorded_at),
                      -- One confirmation for each opt-out: ours, or Twilio's.
                      confirm_until = CASE WHEN excluded.confirm_until IS NOT NULL THEN o.confirm_until END
    RETURNING o.user_id, o.source, o.opted_out_at, o.xmax = 0 AS is_new
)
INSERT INTO orchestrator.events (type, user_id, detail, at)
SELECT 'user.opted_out', user_id, jsonb_build_object('source', source), opted_out_at
  FROM opt_outs
 WHERE is_new AND user_id IS NOT NULL AND EXISTS (SELECT FROM orchestrator.event_bus)
