-- store_words.sql: store the words of messages before any is sent. Words replace earlier ones only while the message
-- waits to be reserved, or from now on for approval: those of a text that may have been sent stay.
UPDATE message_queue m
   SET final_message = words.text, words_source = words.source, words_on = words.words_on, segments = words.segments,
       encoding = words.encoding
  FROM unnest(%(message_id)s::uuid[], %(text)s::text[], %(source)s::text[], %(words_on)s::date[], %(segments)s::int[],
              %(encoding)s::text[])
    AS words (message_id, text, source, words_on, segments, encoding)
 WHERE m.id = words.message_id AND (m.status = 'approved' OR (m.status = 'queued' AND m.reason = 'approval'))
