-- adopt_unread_texts.sql: record texts of the history as unread: nothing goes to their people until an operator reads
-- them, or the person's next STOP or START (R11). A text of a person who is opted out, or before a START that came
-- meanwhile, needs no reading. Returns the people.
INSERT INTO orchestrator.readings (inbound_id, user_id, phone_number, kind, judged_by, received_at)
SELECT t.inbound_id, t.user_id, t.phone_number, 'unjudged', 'nobody', t.written_at
  FROM unnest(%(inbound_id)s::uuid[], %(user_id)s::uuid[], %(phone_number)s::text[], %(written_at)s::timestamptz[])
    AS t (inbound_id, user_id, phone_number, written_at)
 WHERE NOT EXISTS (SELECT FROM orchestrator.opt_outs_of(t.user_id, t.phone_number))
   AND NOT EXISTS (
       SELECT FROM orchestrator.readings later
        WHERE later.phone_number = t.phone_number AND later.kind = 'start' AND later.received_at >= t.written_at
   )
    ON CONFLICT (inbound_id) DO NOTHING
RETURNING user_id
