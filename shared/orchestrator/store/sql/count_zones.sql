-- count_zones.sql: count the people of each stored zone; deleted people have none.
SELECT timezone, count(*) FROM users WHERE timezone IS NOT NULL GROUP BY timezone ORDER BY 2 DESC, 1
