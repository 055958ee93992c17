-- claim_probe.sql: approve one due message, which may go although an outage of Twilio pauses delivery: an ordinary one
-- before an urgent one, and no other while it is under way. Returns it.
WITH outage AS (
    SELECT p.scope, p.value
      FROM orchestrator.pauses p
     WHERE p.probes IS NOT NULL AND p.probe_at <= %(now)s
       AND NOT EXISTS (
           SELECT FROM message_queue m
            WHERE m.id = p.probe_id
              AND (m.status = 'approved' OR (m.status = 'sending' AND m.reason IS DISTINCT FROM 'unknown_outcome'))
       )
       FOR NO KEY UPDATE
), candidate AS (
    SELECT due.id
      FROM unnest(%(lanes)s::text[]) WITH ORDINALITY AS lanes (lane, place)
     CROSS JOIN LATERAL (
            SELECT m.id
              FROM message_queue m
             WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL AND m.priority = lanes.lane
               AND m.scheduled_for <= %(now)s AND m.reason IS DISTINCT FROM 'sequence_incomplete'
               AND NOT EXISTS (
                   SELECT FROM orchestrator.pauses_of(
                                   m.priority, m.agent_id, m.message_data->>'type', m.user_id, %(now)s
                               ) p
                    WHERE p.scope <> 'provider'
               )
               AND NOT EXISTS (SELECT FROM orchestrator.open_parts_before(m.sequence_id, m.sequence_position))
             ORDER BY m.scheduled_for, m.created_at
             LIMIT 1
           ) due
     WHERE EXISTS (SELECT FROM outage)
     ORDER BY lanes.place
     LIMIT 1
), probe AS (
    UPDATE message_queue m
       SET status = 'approved', lease_until = %(lease_until)s
      FROM candidate
     WHERE m.id = candidate.id AND m.status = 'queued'
    RETURNING m.id, m.user_id
), pauses AS (
    UPDATE orchestrator.pauses p
       SET probe_id = probe.id
      FROM outage, probe
     WHERE p.scope = outage.scope AND p.value = outage.value
)
SELECT id, user_id FROM probe
