-- list_people_without_zone.sql: list people without the zone of a place whose number may lie nowhere, oldest first. The
-- numbers of North America that lie nowhere begin with 5, 6 or 8.
SELECT coalesce(external_id, id::text), orchestrator.e164(phone_number)
  FROM users
 WHERE (timezone IS NULL OR timezone = ANY (%(no_places)s::text[]))
   AND orchestrator.e164(phone_number) ~ '^[+](1[568]|[^1])'
 ORDER BY created_at, id
 LIMIT %(limit)s
