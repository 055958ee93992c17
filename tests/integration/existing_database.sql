-- A database of the system that this one replaces: its tables, triggers and a few rows.
CREATE TABLE agent_instances (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), agent_type varchar(50));
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), phone_number varchar(20) NOT NULL UNIQUE, email varchar(255),
    first_name varchar(100), last_name varchar(100), company varchar(255), title varchar(255), linkedin_url varchar(255),
    verified boolean DEFAULT false, innovator boolean DEFAULT false, expert_connector boolean DEFAULT false,
    expertise text[], poc_agent_id varchar(50), poc_agent_type varchar(50), quiet_hours_start time, quiet_hours_end time,
    timezone varchar(50), response_pattern jsonb, credit_balance int DEFAULT 0, status_level varchar(50),
    phone_number_history jsonb DEFAULT '[]', created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(),
    last_active_at timestamptz
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
CREATE FUNCTION increment_message_budget(p_user_id uuid, p_date date) RETURNS void AS $$
BEGIN
    UPDATE user_message_budget SET messages_sent = messages_sent + 1, last_message_at = now()
     WHERE user_id = p_user_id AND date = p_date;
END;
$$ LANGUAGE plpgsql;

CREATE FUNCTION count_since_summary() RETURNS trigger AS $$
BEGIN
    UPDATE conversations SET messages_since_summary = messages_since_summary + 1 WHERE id = NEW.conversation_id;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER messages_counted AFTER INSERT ON messages FOR EACH ROW EXECUTE FUNCTION count_since_summary();

CREATE FUNCTION rename_pending() RETURNS trigger AS $$
BEGIN
    IF NEW.direction = 'outbound' AND NEW.status = 'pending' THEN
        NEW.status := 'queued_for_send';
        PERFORM pg_notify('send_sms', NEW.id::text);
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER messages_to_old_sender BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION rename_pending();

CREATE FUNCTION archive_number() RETURNS trigger AS $$
BEGIN
    IF NEW.phone_number <> OLD.phone_number THEN
        NEW.phone_number_history := OLD.phone_number_history || to_jsonb(OLD.phone_number);
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
CREATE TRIGGER users_number_archived BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION archive_number();

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
