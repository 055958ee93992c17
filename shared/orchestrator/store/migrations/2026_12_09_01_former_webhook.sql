-- Texts that a former webhook still writes are classified by the dispatcher, up to the time in this one row (R11).
CREATE TABLE orchestrator.former_webhook_read (
    only_row boolean PRIMARY KEY DEFAULT true CONSTRAINT former_webhook_read_only_row_check CHECK (only_row),
    up_to timestamptz NOT NULL
);
