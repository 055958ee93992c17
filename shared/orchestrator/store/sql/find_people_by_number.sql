-- find_people_by_number.sql: return a person for each of these numbers: of the people who share one, the person whom we
-- texted last.
SELECT DISTINCT ON (orchestrator.e164(u.phone_number)) orchestrator.e164(u.phone_number), u.id, u.timezone
  FROM users u
 WHERE orchestrator.e164(u.phone_number) = ANY (%(numbers)s::text[])
 ORDER BY orchestrator.e164(u.phone_number), orchestrator.texted_at(u.id, orchestrator.e164(u.phone_number)) DESC NULLS LAST, u.id
