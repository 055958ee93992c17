-- set_agent.sql: write the settings of the agents whose id begins with a prefix.
INSERT INTO orchestrator.agents (prefix, may_use_urgent, hourly_limit, publishers, urgent_at_night, purpose, needs_approval)
VALUES (%(prefix)s, %(may_use_urgent)s, %(hourly_limit)s, %(publishers)s, %(urgent_at_night)s, %(purpose)s,
        %(needs_approval)s)
    ON CONFLICT (prefix) DO UPDATE
   SET may_use_urgent = excluded.may_use_urgent, hourly_limit = excluded.hourly_limit, publishers = excluded.publishers,
       urgent_at_night = excluded.urgent_at_night, purpose = excluded.purpose,
       needs_approval = excluded.needs_approval
