-- set_agent.sql: write the settings of the agents whose id begins with a prefix.
INSERT INTO orchestrator.agents (prefix, may_use_urgent, hourly_limit, publishers)
VALUES (%(prefix)s, %(may_use_urgent)s, %(hourly_limit)s, %(publishers)s)
    ON CONFLICT (prefix) DO UPDATE
   SET may_use_urgent = excluded.may_use_urgent, hourly_limit = excluded.hourly_limit, publishers = excluded.publishers
