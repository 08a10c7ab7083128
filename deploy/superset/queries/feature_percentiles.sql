-- Five percentiles of each audio feature that lies between 0 and 1: one row per listener, feature and percentile.
-- A box plot of these five values has the quartiles for its box and the 5th and 95th percentile for its whiskers.
SELECT
    listener,
    feature,
    percentile,
    CASE percentile
        WHEN 'p05' THEN p05
        WHEN 'p25' THEN p25
        WHEN 'p50' THEN median
        WHEN 'p75' THEN p75
        ELSE p95
    END AS percentile_value,
    n
FROM audio_feature_distributions
CROSS JOIN (VALUES ('p05'), ('p25'), ('p50'), ('p75'), ('p95')) AS percentiles (percentile)
WHERE weighted_by = 'listens' AND feature NOT IN ('loudness', 'tempo')
