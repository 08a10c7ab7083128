-- Tracks after which the music became more positive: one row per listener and place.
SELECT
    listener,
    rank AS place,
    track_name AS track,
    artist_name AS artist,
    kind,
    replace(verdict, '_', ' ') AS verdict,
    valence_before,
    valence_after,
    valence_expected,
    difference,
    p_corrected,
    sessions,
    coalesce(because, 'too few sessions for a finding') AS because
FROM mood_improvement_recommendations
