-- list_unreadable_numbers.sql: list people whose stored text is no phone number that can be read: every message to them is
-- held. Deleted people have no number.
SELECT coalesce(external_id, id::text)
  FROM users
 WHERE orchestrator.e164(phone_number) IS NULL AND phone_number NOT LIKE 'forgotten-%%'
 ORDER BY created_at, id
 LIMIT %(limit)s
