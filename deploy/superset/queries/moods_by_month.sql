-- Listens of each mood: one row per listener, month and mood. Listens without a known mood are left out.
SELECT
    listener,
    CAST(date_trunc('month', local_date) AS date) AS month,
    replace(mood, '_', ' ') AS mood,
    count(*) AS listens
FROM listening_with_features
WHERE mood IS NOT NULL
GROUP BY 1, 2, 3
