-- Listens of each week, and the mean of the last four: one row per listener and week.
SELECT
    listener,
    period_start AS week,
    listens,
    rolling_listens
FROM temporal_trends
WHERE period_type = 'week'
