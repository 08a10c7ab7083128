-- What the next track is predicted to sound like: one row per listener and group of the listener's music.
SELECT
    listener,
    music_group,
    probability_pct,
    baseline_pct,
    served_by
FROM next_mood_forecasts
