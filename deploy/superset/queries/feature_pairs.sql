-- Rank correlation of each pair of audio features, in both orders: one row per listener and ordered pair.
SELECT
    listener,
    feature_a,
    feature_b,
    spearman_r,
    spearman_p_corrected AS p_corrected,
    replace(strength, '_', ' ') AS strength,
    measured_tracks,
    measured_artists
FROM feature_correlations
UNION ALL
SELECT
    listener,
    feature_b AS feature_a,
    feature_a AS feature_b,
    spearman_r,
    spearman_p_corrected AS p_corrected,
    replace(strength, '_', ' ') AS strength,
    measured_tracks,
    measured_artists
FROM feature_correlations
