-- The ten most heard tracks of each mood: one row per listener, mood and place.
SELECT
    listener,
    replace(mood, '_', ' ') AS mood,
    rank AS place,
    track_name AS track,
    artist_name AS artist,
    listens,
    share_pct,
    feature_source,
    CAST(last_heard_at AS date) AS last_heard
FROM top_tracks_by_mood
WHERE rank <= 10
