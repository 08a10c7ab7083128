-- The kinds of music of a listener and what each sounds like: one row per listener, persona and audio feature.
SELECT
    listener,
    persona,
    coalesce(persona_name, 'all tracks: no distinct kinds') AS persona_name,
    evidence,
    feature,
    CASE feature
        WHEN 'danceability' THEN centroid_danceability
        WHEN 'energy' THEN centroid_energy
        WHEN 'valence' THEN centroid_valence
        WHEN 'acousticness' THEN centroid_acousticness
        ELSE centroid_instrumentalness
    END AS centroid,
    tracks,
    tracks_share_pct,
    sample_share_pct,
    in_words
FROM mood_state_clusters
CROSS JOIN (
    VALUES ('danceability'), ('energy'), ('valence'), ('acousticness'), ('instrumentalness')
) AS features (feature)
