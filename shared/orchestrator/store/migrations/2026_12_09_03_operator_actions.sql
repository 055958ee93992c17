-- What operators did: who, what, what it changed, and why. Rows are only inserted; the deletion of a person empties what
-- names them.
CREATE TABLE orchestrator.operator_actions (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    operator text NOT NULL,
    database_role text NOT NULL DEFAULT session_user,
    action text NOT NULL,
    target text NOT NULL,
    user_id uuid,
    change jsonb NOT NULL,
    reason text
);
CREATE INDEX operator_actions_by_user ON orchestrator.operator_actions (user_id) WHERE user_id IS NOT NULL;

CREATE FUNCTION orchestrator.keep_operator_actions() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.target = 'forgotten' AND NEW.change = '{}' AND NEW.reason IS NULL
       AND (NEW.id, NEW.at, NEW.operator, NEW.database_role, NEW.action, NEW.user_id)
           IS NOT DISTINCT FROM (OLD.id, OLD.at, OLD.operator, OLD.database_role, OLD.action, OLD.user_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'orchestrator.operator_actions: a row is never changed or deleted' USING ERRCODE = 'restrict_violation';
END
$$ LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp;
REVOKE ALL ON FUNCTION orchestrator.keep_operator_actions() FROM PUBLIC;
CREATE TRIGGER keep_operator_actions BEFORE UPDATE OR DELETE ON orchestrator.operator_actions
    FOR EACH ROW EXECUTE FUNCTION orchestrator.keep_operator_actions();
