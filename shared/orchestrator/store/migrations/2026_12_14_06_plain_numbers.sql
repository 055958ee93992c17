-- The number that a spelling means, as `orchestrator.e164` reads it, for statements that do not search by it. A North
-- American number that is stored in E.164 already is recognised in a tenth of the time. No index contains this function.
CREATE FUNCTION orchestrator.e164_of(spelling text) RETURNS text AS $$
    SELECT CASE WHEN spelling ~ '^\+1[2-9][0-9]{2}[2-9][0-9]{6}$' THEN spelling ELSE orchestrator.e164(spelling) END
$$ LANGUAGE sql IMMUTABLE PARALLEL SAFE;
REVOKE ALL ON FUNCTION orchestrator.e164_of(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION orchestrator.open_conversation(person uuid, number text) RETURNS TABLE (id uuid) AS $$
    SELECT c.id
      FROM conversations c
     WHERE c.user_id = person AND orchestrator.e164_of(c.phone_number) = number AND c.status = 'active'
     ORDER BY c.created_at DESC
     LIMIT 1
$$ LANGUAGE sql STABLE;
