-- read_evidence_stops.sql: return the STOPs of a person in a span of time, oldest first: each text that was read as one,
-- each opt-out that came in another way, and each revocation of a consent (R11, R15).
WITH opt_outs AS (
    SELECT o.*
      FROM orchestrator.opt_outs o
      JOIN users u ON u.id = %(user_id)s
     WHERE o.user_id = u.id OR o.phone_number = orchestrator.e164(u.phone_number)
), texts AS (
    SELECT r.inbound_id, r.phone_number, r.received_at, r.judged_by,
           coalesce(nullif(m.content, ''), k.content) AS words
      FROM orchestrator.readings r
      LEFT JOIN messages m ON m.id = r.inbound_id
      LEFT JOIN orchestrator.kept_words k ON k.text_id = r.inbound_id
     WHERE r.user_id = %(user_id)s AND r.kind IN ('stop', 'wrong_person')
)
SELECT t.phone_number, 'text' AS channel, t.judged_by AS read_by, t.words, 'everything' AS scope, t.received_at AS came_at,
       greatest(t.received_at, coalesce(o.stored_at, o.opted_out_at)) AS took_effect_at, o.ended_at, o.note
  FROM texts t
  LEFT JOIN LATERAL (
        SELECT o.*
          FROM opt_outs o
         WHERE o.phone_number = t.phone_number AND o.opted_out_at >= t.received_at
         ORDER BY o.opted_out_at
         LIMIT 1
       ) o ON true
 WHERE t.received_at >= %(since)s AND t.received_at < %(until)s
 UNION ALL
SELECT o.phone_number, o.source, NULL, NULL, 'everything', o.opted_out_at,
       greatest(o.opted_out_at, coalesce(o.stored_at, o.recorded_at, o.opted_out_at)), o.ended_at, o.note
  FROM opt_outs o
 WHERE o.opted_out_at >= %(since)s AND o.opted_out_at < %(until)s
   AND NOT EXISTS (
       SELECT FROM texts t WHERE t.phone_number = o.phone_number AND t.received_at = o.opted_out_at
   )
 UNION ALL
SELECT c.phone_number, c.source, NULL, NULL, coalesce('the topic ' || c.topic, c.purpose), c.at,
       greatest(c.at, c.recorded_at), NULL, c.reference
  FROM orchestrator.consents c
 WHERE c.user_id = %(user_id)s AND NOT c.is_given AND c.at >= %(since)s AND c.at < %(until)s
 ORDER BY came_at
