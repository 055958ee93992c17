-- The tables that agents and operators share with this product. A database that has them keeps them as they are.
CREATE TABLE IF NOT EXISTS users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    phone_number varchar(20) NOT NULL UNIQUE,
    email varchar(255),
    first_name varchar(100),
    last_name varchar(100),
    quiet_hours_start time,
    quiet_hours_end time,
    timezone varchar(50),
    response_pattern jsonb,
    phone_number_history jsonb DEFAULT '[]',
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    last_active_at timestamptz
);

CREATE TABLE IF NOT EXISTS conversations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id),
    phone_number varchar(20) NOT NULL,
    status varchar(50) DEFAULT 'active',
    conversation_summary text,
    last_summary_message_id uuid,
    messages_since_summary int DEFAULT 0,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    last_message_at timestamptz
);

CREATE TABLE IF NOT EXISTS messages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    conversation_id uuid NOT NULL REFERENCES conversations (id),
    user_id uuid NOT NULL REFERENCES users (id),
    role varchar(50) NOT NULL,
    content text NOT NULL,
    direction varchar(20) NOT NULL,
    twilio_message_sid varchar(100),
    status varchar(50),
    created_at timestamptz DEFAULT now(),
    sent_at timestamptz,
    delivered_at timestamptz
);

CREATE TABLE IF NOT EXISTS message_queue (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id),
    agent_id varchar(100) NOT NULL,
    message_data jsonb NOT NULL,
    final_message text,
    scheduled_for timestamptz NOT NULL,
    priority varchar(20) DEFAULT 'medium',
    status varchar(50) DEFAULT 'queued',
    superseded_by_message_id uuid REFERENCES message_queue (id),
    superseded_reason varchar(100),
    conversation_context_id uuid REFERENCES conversations (id),
    requires_fresh_context boolean DEFAULT false,
    sequence_id uuid,
    sequence_position int,
    sequence_total int,
    sent_at timestamptz,
    delivered_message_id uuid REFERENCES messages (id),
    created_at timestamptz DEFAULT now()
);

CREATE TABLE IF NOT EXISTS user_message_budget (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id),
    date date NOT NULL,
    messages_sent int DEFAULT 0,
    last_message_at timestamptz,
    daily_limit int DEFAULT 10,
    hourly_limit int DEFAULT 2,
    quiet_hours_enabled boolean DEFAULT true,
    created_at timestamptz DEFAULT now(),
    UNIQUE (user_id, date)
);

CREATE TABLE IF NOT EXISTS agent_tasks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    task_type varchar(100) NOT NULL,
    agent_type varchar(50) NOT NULL,
    user_id uuid REFERENCES users (id),
    context_id uuid,
    context_type varchar(50),
    scheduled_for timestamptz NOT NULL,
    priority varchar(20) DEFAULT 'medium',
    status varchar(50) DEFAULT 'pending',
    retry_count int DEFAULT 0,
    max_retries int DEFAULT 3,
    last_attempted_at timestamptz,
    context_json jsonb NOT NULL,
    result_json jsonb,
    error_log text,
    created_at timestamptz DEFAULT now(),
    created_by varchar(100),
    completed_at timestamptz
);

CREATE TABLE IF NOT EXISTS agent_actions_log (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    agent_type varchar(50) NOT NULL,
    agent_instance_id uuid,
    action_type varchar(100) NOT NULL,
    user_id uuid REFERENCES users (id),
    context_id uuid,
    context_type varchar(50),
    model_used varchar(100),
    input_tokens int,
    output_tokens int,
    cost_usd numeric(10, 6),
    latency_ms int,
    input_data jsonb,
    output_data jsonb,
    error text,
    created_at timestamptz DEFAULT now()
);

-- For other senders that call it. A database that has its own version keeps that one.
DO $$
BEGIN
    IF to_regprocedure('increment_message_budget(uuid, date)') IS NULL THEN
        CREATE FUNCTION increment_message_budget(p_user_id uuid, p_date date) RETURNS void AS $function$
            UPDATE user_message_budget
               SET messages_sent = coalesce(messages_sent, 0) + 1, last_message_at = now()
             WHERE user_id = p_user_id AND date = p_date
        $function$ LANGUAGE sql;
    END IF;
END $$;
