-- insert_consents.sql: add entries to the ledger of consents (R15). Repeating it changes nothing.
INSERT INTO orchestrator.consents (id, user_id, phone_number, purpose, topic, is_given, at, until, source, wording,
                                   reference, recorded_by, recorded_at)
SELECT c.*, %(now)s
  FROM unnest(%(id)s::uuid[], %(user_id)s::uuid[], %(phone_number)s::text[], %(purpose)s::text[], %(topic)s::text[],
              %(is_given)s::boolean[], %(at)s::timestamptz[], %(until)s::timestamptz[], %(source)s::text[],
              %(wording)s::text[], %(reference)s::text[], %(recorded_by)s::text[]) AS c
    ON CONFLICT (id) DO NOTHING
