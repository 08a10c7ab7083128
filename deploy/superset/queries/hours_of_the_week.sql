-- Listens in each hour of the week: one row per listener, weekday and hour.
SELECT
    listener,
    CAST(day_of_week + 1 AS varchar) || ' ' || substr(day_name, 1, 3) AS weekday,
    hour_of_day,
    listens,
    tracks,
    minutes / 60 AS hours
FROM listening_patterns_by_time
