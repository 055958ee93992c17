-- This product's own tables, in a schema that a managed database does not expose to the web.

-- One row for each call to Twilio, committed before the call and settled after it (G2).
-- Its id is also the id of the `messages` row that an accepted call leaves.
CREATE TABLE orchestrator.attempts (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL,
    user_id uuid NOT NULL,
    conversation_id uuid NOT NULL,
    phone_number text NOT NULL,
    fingerprint text NOT NULL,            -- a digest of sender, number and words
    local_date date NOT NULL,             -- the budget day whose slot it took
    holds_slot boolean NOT NULL,          -- false once the slot is given back
    -- When the person wrote the text that let this one through although a limit or quiet hours would hold it (R4).
    active_since timestamptz,
    started_at timestamptz NOT NULL,
    settled_at timestamptz,
    outcome text,                         -- accepted, refused, not_sent, unknown; null while in flight
    twilio_message_sid text,
    error_code int,
    error text
);
CREATE INDEX attempts_by_message ON orchestrator.attempts (message_id);
-- The rolling hour (R2).
CREATE INDEX attempts_holding_a_slot ON orchestrator.attempts (user_id, started_at) WHERE holds_slot;

-- Opt-outs, for the number and for the person (R11). START ends one.
CREATE TABLE orchestrator.opt_outs (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    phone_number text NOT NULL,
    user_id uuid,
    source text NOT NULL,                 -- adopted, twilio_21610, operator, ...
    opted_out_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE UNIQUE INDEX opt_outs_in_force_by_number ON orchestrator.opt_outs (phone_number) WHERE ended_at IS NULL;
CREATE INDEX opt_outs_in_force_by_user ON orchestrator.opt_outs (user_id) WHERE ended_at IS NULL;

-- Pauses (R13).
CREATE TABLE orchestrator.pauses (
    scope text NOT NULL,                  -- everything, lane, agent (a prefix), user, brake (one agent), provider
    value text NOT NULL DEFAULT '',
    note text,
    paused_at timestamptz NOT NULL,
    ends_at timestamptz,                  -- for a pause that ends by itself; null for one that an operator ends
    PRIMARY KEY (scope, value)
);

-- Withdrawals of messages. A withdrawal may arrive before its message (R9).
CREATE TABLE orchestrator.withdrawals (
    message_id uuid NOT NULL,
    publisher text NOT NULL,              -- the SenderId that withdrew it
    withdrawn_at timestamptz NOT NULL,
    PRIMARY KEY (message_id, publisher)
);

-- Rejections, for `explain`. The rejected body is in the dead-letter queue.
CREATE TABLE orchestrator.rejections (
    sqs_message_id text PRIMARY KEY,
    message_id uuid,
    agent_id text,
    reason text NOT NULL,
    field text NOT NULL,
    problem text NOT NULL,
    rejected_at timestamptz NOT NULL
);
CREATE INDEX rejections_by_message ON orchestrator.rejections (message_id);

-- Each hold and each end of a message, with its reason (G9).
CREATE TABLE orchestrator.timeline (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message_id uuid NOT NULL,
    at timestamptz NOT NULL,
    status text NOT NULL,                 -- the message_queue status that it took
    reason text NOT NULL,
    until timestamptz                     -- for a hold: when it is due again
);
CREATE INDEX timeline_by_message ON orchestrator.timeline (message_id, id);
