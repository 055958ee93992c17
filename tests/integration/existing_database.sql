-- A production database of the system that this one replaces: tables, triggers, policies, grants, scheduled jobs and a
-- few rows. The extensions pg_net and pg_cron are stand-ins: a table records each call of `net.http_post`, and
-- `cron.job` holds what would run.

-- The roles of Supabase. Databases of one server share roles, and another test may create them at the same moment.
DO $$ BEGIN CREATE ROLE anon NOLOGIN NOINHERIT; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
DO $$ BEGIN CREATE ROLE authenticated NOLOGIN NOINHERIT; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;
DO $$ BEGIN CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$;

-- pg_net: a call is queued in the caller's transaction, and a background worker makes it after the commit.
CREATE SCHEMA net;
CREATE TABLE net.http_request_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, method text NOT NULL, url text NOT NULL, headers jsonb,
    body jsonb, timeout_milliseconds int
);
CREATE FUNCTION net.http_post(url text, body jsonb DEFAULT '{}', params jsonb DEFAULT '{}',
                              headers jsonb DEFAULT '{"Content-Type": "application/json"}',
                              timeout_milliseconds int DEFAULT 5000) RETURNS bigint AS $$
    INSERT INTO net.http_request_queue (method, url, headers, body, timeout_milliseconds)
    VALUES ('POST', url, headers, body, timeout_milliseconds)
    RETURNING id
$$ LANGUAGE sql SECURITY DEFINER;

-- pg_cron: a role sees its own jobs.
CREATE SCHEMA cron;
CREATE TABLE cron.job (
    jobid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, schedule text NOT NULL, command text NOT NULL,
    nodename text NOT NULL DEFAULT 'localhost', nodeport int NOT NULL DEFAULT 5432,
    database text NOT NULL DEFAULT current_database(), username text NOT NULL DEFAULT current_user,
    active boolean NOT NULL DEFAULT true, jobname text
);
ALTER TABLE cron.job ENABLE ROW LEVEL SECURITY;
CREATE POLICY cron_job_policy ON cron.job USING (username = current_user);
CREATE FUNCTION cron.schedule(job_name text, schedule text, command text) RETURNS bigint AS $$
    INSERT INTO cron.job (jobname, schedule, command) VALUES (job_name, schedule, command) RETURNING jobid
$$ LANGUAGE sql;
CREATE FUNCTION cron.alter_job(job_id bigint, active boolean) RETURNS void AS $$
    UPDATE cron.job j SET active = alter_job.active WHERE j.jobid = job_id
$$ LANGUAGE sql;
CREATE FUNCTION cron.unschedule(job_name text) RETURNS boolean AS $$
    WITH gone AS (DELETE FROM cron.job j WHERE j.jobname = job_name RETURNING 1) SELECT EXISTS (SELECT FROM gone)
$$ LANGUAGE sql;

CREATE TABLE agent_instances (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), agent_type varchar(50));
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), phone_number varchar(20) NOT NULL UNIQUE, email varchar(255),
    first_name varchar(100), last_name varchar(100), company varchar(255), title varchar(255), linkedin_url varchar(255),
    verified boolean DEFAULT false, innovator boolean DEFAULT false, expert_connector boolean DEFAULT false,
    expertise text[], poc_agent_id varchar(50), poc_agent_type varchar(50), quiet_hours_start time, quiet_hours_end time,
    timezone varchar(50), response_pattern jsonb, credit_balance int DEFAULT 0, status_level varchar(50),
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), last_active_at timestamptz
);
CREATE TABLE conversations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users (id),
    phone_number varchar(20) NOT NULL, status varchar(50) DEFAULT 'active'
        CHECK (status IN ('active', 'paused', 'completed', 'closed')),
    conversation_summary text, last_summary_message_id uuid, messages_since_summary int DEFAULT 0,
    created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), last_message_at timestamptz
);
CREATE TABLE messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), conversation_id uuid NOT NULL REFERENCES conversations (id),
    user_id uuid NOT NULL REFERENCES users (id),
    role varchar(50) NOT NULL CHECK (role IN ('user', 'concierge', 'bouncer', 'innovator', 'system')),
    content text NOT NULL, direction varchar(20) NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    twilio_message_sid varchar(100), status varchar(50)
        CHECK (status IN ('pending', 'queued', 'queued_for_send', 'sent', 'delivered', 'failed', 'received')),
    created_at timestamptz DEFAULT now(), sent_at timestamptz, delivered_at timestamptz
);
CREATE TABLE message_queue (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users (id),
    agent_id varchar(100) NOT NULL, message_data jsonb NOT NULL, final_message text, scheduled_for timestamptz NOT NULL,
    priority varchar(20) DEFAULT 'medium', status varchar(50) DEFAULT 'queued',
    superseded_by_message_id uuid REFERENCES message_queue (id), superseded_reason varchar(100),
    conversation_context_id uuid REFERENCES conversations (id), requires_fresh_context boolean DEFAULT false,
    sequence_id uuid, sequence_position int, sequence_total int, sent_at timestamptz,
    delivered_message_id uuid REFERENCES messages (id), created_at timestamptz DEFAULT now()
);
CREATE TABLE user_message_budget (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL REFERENCES users (id), date date NOT NULL,
    messages_sent int DEFAULT 0, last_message_at timestamptz, daily_limit int DEFAULT 5, hourly_limit int DEFAULT 2,
    quiet_hours_enabled boolean DEFAULT true, created_at timestamptz DEFAULT now(), UNIQUE (user_id, date)
);
CREATE TABLE agent_tasks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), task_type varchar(100) NOT NULL, agent_type varchar(50) NOT NULL,
    user_id uuid REFERENCES users (id), context_id uuid, context_type varchar(50), scheduled_for timestamptz NOT NULL,
    priority varchar(20) DEFAULT 'medium', status varchar(50) DEFAULT 'pending', retry_count int, max_retries int,
    last_attempted_at timestamptz, context_json jsonb NOT NULL, result_json jsonb, error_log text,
    created_at timestamptz DEFAULT now(), created_by varchar(100), completed_at timestamptz
);
CREATE TABLE agent_actions_log (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), agent_type varchar(50) NOT NULL,
    agent_instance_id uuid REFERENCES agent_instances (id), action_type varchar(100) NOT NULL,
    user_id uuid REFERENCES users (id), context_id uuid, context_type varchar(50), model_used varchar(100),
    input_tokens int, output_tokens int, cost_usd numeric(10, 6), latency_ms int, input_data jsonb, output_data jsonb,
    error text, created_at timestamptz DEFAULT now()
);
CREATE TABLE events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), event_type varchar(100) NOT NULL, aggregate_id uuid,
    aggregate_type varchar(50), payload jsonb NOT NULL, processed boolean DEFAULT false, version int DEFAULT 1,
    created_at timestamptz DEFAULT now(), created_by varchar(100), metadata jsonb
);
CREATE TABLE prospects (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), phone_number varchar(20), email varchar(255), first_name varchar(100),
    company varchar(255), status varchar(50), users_researching jsonb, created_at timestamptz DEFAULT now()
);
CREATE FUNCTION increment_message_budget(p_user_id uuid, p_date date) RETURNS void AS $$
BEGIN
    UPDATE user_message_budget SET messages_sent = messages_sent + 1, last_message_at = now()
     WHERE user_id = p_user_id AND date = p_date;
END;
$$ LANGUAGE plpgsql;

-- The old sender: each outbound row that is pending goes to its URL.
CREATE FUNCTION post_message_to_sender() RETURNS trigger AS $$
BEGIN
    PERFORM net.http_post(
        url := 'https://old.example.com/functions/v1/send-sms',
        headers := jsonb_build_object('Content-Type', 'application/json', 'Authorization', 'Bearer not-a-key'),
        body := jsonb_build_object('type', 'INSERT', 'table', 'messages', 'record', to_jsonb(NEW))
    );
    RETURN NEW;
END;
$$ LANGUAGE plpgsql SECURITY DEFINER;
CREATE TRIGGER send_sms_on_message_insert AFTER INSERT ON messages FOR EACH ROW
    WHEN (NEW.status = 'pending' AND NEW.direction = 'outbound') EXECUTE FUNCTION post_message_to_sender();

CREATE FUNCTION count_since_summary() RETURNS trigger AS $$
BEGIN
    UPDATE conversations SET messages_since_summary = messages_since_summary + 1, last_message_at = now()
     WHERE id = NEW.conversation_id;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER on_message_count_check AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION count_since_summary();

-- It fails on every change of a number: first the column is missing, and once that is there, the row is changed twice.
CREATE FUNCTION archive_number() RETURNS trigger AS $$
BEGIN
    IF NEW.phone_number <> OLD.phone_number THEN
        UPDATE users SET phone_number_history = phone_number_history || to_jsonb(OLD.phone_number) WHERE id = NEW.id;
        UPDATE conversations SET status = 'closed' WHERE user_id = NEW.id AND phone_number = OLD.phone_number;
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER on_phone_change BEFORE UPDATE OF phone_number ON users FOR EACH ROW EXECUTE FUNCTION archive_number();

-- How agents learn of things; it names no row of `messages`.
CREATE FUNCTION notify_agents() RETURNS trigger AS $$
BEGIN
    PERFORM pg_notify('agent_events', json_build_object('id', NEW.id, 'event_type', NEW.event_type)::text);
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER on_event_insert AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION notify_agents();

-- What runs each minute: the old orchestrator, and a function that takes due rows.
CREATE FUNCTION take_due_messages() RETURNS void AS $$
    UPDATE message_queue SET status = 'processing' WHERE status = 'queued' AND scheduled_for <= now()
$$ LANGUAGE sql;
SELECT cron.schedule('process-due-messages', '* * * * *',
                     $$SELECT net.http_post(url := 'https://old.example.com/functions/v1/process-due-messages')$$);
SELECT cron.schedule('take-due-messages', '* * * * *', 'SELECT take_due_messages()');
SELECT cron.schedule('nightly-vacuum', '0 3 * * *', 'VACUUM');

ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE prospects ENABLE ROW LEVEL SECURITY;
CREATE POLICY messages_of_oneself ON messages FOR SELECT TO authenticated
    USING (user_id::text = current_setting('request.jwt.claim.sub', true));
CREATE POLICY messages_of_services ON messages TO service_role USING (true) WITH CHECK (true);
CREATE POLICY events_of_services ON events TO service_role USING (true) WITH CHECK (true);
CREATE POLICY prospects_to_read ON prospects FOR SELECT TO authenticated USING (true);
CREATE POLICY prospects_of_services ON prospects TO service_role USING (true) WITH CHECK (true);
GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
GRANT ALL ON ALL TABLES IN SCHEMA public TO anon, authenticated, service_role;
GRANT ALL ON ALL FUNCTIONS IN SCHEMA public TO anon, authenticated, service_role;

INSERT INTO users (id, phone_number, first_name, timezone) VALUES
    ('00000000-0000-0000-0000-00000000000a', '+12125550101', 'Ada', 'America/New_York'),
    ('00000000-0000-0000-0000-00000000000b', '+12125550102', 'Ben', 'America/New_York'),
    ('00000000-0000-0000-0000-00000000000c', '+12125550103', 'Chen', NULL);
INSERT INTO conversations (id, user_id, phone_number) VALUES
    ('00000000-0000-0000-0000-0000000000ca', '00000000-0000-0000-0000-00000000000a', '+12125550101'),
    ('00000000-0000-0000-0000-0000000000cb', '00000000-0000-0000-0000-00000000000b', '+12125550102'),
    ('00000000-0000-0000-0000-0000000000cc', '00000000-0000-0000-0000-00000000000c', '+12125550103');
INSERT INTO messages (conversation_id, user_id, role, content, direction, status, created_at) VALUES
    ('00000000-0000-0000-0000-0000000000cb', '00000000-0000-0000-0000-00000000000b', 'user', ' Stop ', 'inbound', 'received', '2026-01-02Z'),
    ('00000000-0000-0000-0000-0000000000cc', '00000000-0000-0000-0000-00000000000c', 'user', 'STOP', 'inbound', 'received', '2026-01-02Z'),
    ('00000000-0000-0000-0000-0000000000cc', '00000000-0000-0000-0000-00000000000c', 'user', 'start', 'inbound', 'received', '2026-01-03Z');
INSERT INTO user_message_budget (user_id, date, messages_sent) VALUES
    ('00000000-0000-0000-0000-00000000000a', '2026-03-02', NULL);
