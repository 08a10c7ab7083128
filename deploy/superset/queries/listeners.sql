-- Who is in the lake: one row per listener.
SELECT
    listener,
    min(period_start) AS first_day,
    max(period_start) AS last_day,
    count(*) AS days_with_music,
    sum(listens) AS listens,
    sum(minutes) / 60 AS hours,
    sum(new_tracks) AS tracks,
    sum(new_artists) AS artists
FROM temporal_trends
WHERE period_type = 'day'
GROUP BY listener
