-- Listens of each month, and how much of it was heard for the first time: one row per listener and month.
SELECT
    listener,
    period_start AS month,
    listens,
    minutes / 60 AS hours,
    tracks,
    new_artists,
    100e0 * new_tracks / tracks AS new_tracks_pct
FROM temporal_trends
WHERE period_type = 'month'
