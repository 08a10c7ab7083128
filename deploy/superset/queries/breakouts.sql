-- Artists about to become core artists: one row per listener and place.
SELECT
    listener,
    rank AS place,
    artist_name AS artist,
    probability_pct,
    baseline_pct,
    listens,
    months_heard,
    first_heard_month AS first_heard,
    served_by
FROM artist_breakouts
