-- count_waiting_by_age.sql: count the waiting messages that are due first by the seconds since they were accepted: the class of
-- each is how many of the borders it has reached. It reads a bounded number of them, however many wait.
SELECT width_bucket(extract(epoch FROM %(now)s - first.accepted_at)::float8, %(borders)s::float8[]) AS class,
       count(*) AS messages
  FROM (
        SELECT m.accepted_at
          FROM message_queue m
         WHERE m.status = 'queued' AND m.accepted_at IS NOT NULL
         ORDER BY m.priority, m.scheduled_for, m.created_at
         LIMIT %(most)s
       ) first
 GROUP BY 1
