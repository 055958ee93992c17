-- What Twilio answered when it was asked whether a number has another owner since the consent to it (R15).
CREATE TABLE orchestrator.number_checks (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    phone_number text NOT NULL,
    verified_on date NOT NULL,            -- the day of the consent that was asked about
    answer text CHECK (answer IN ('yes', 'no', 'no_data_available')),  -- null while Twilio is asked
    asked_at timestamptz NOT NULL
);
CREATE INDEX number_checks_by_number ON orchestrator.number_checks (phone_number, asked_at);
CREATE INDEX number_checks_by_user ON orchestrator.number_checks (user_id);
CREATE UNIQUE INDEX number_checks_under_way ON orchestrator.number_checks (phone_number) WHERE answer IS NULL;
