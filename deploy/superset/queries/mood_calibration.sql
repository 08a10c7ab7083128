-- Whether a predicted mood is right as often as its probability says: one row per listener and tenth of the scale.
SELECT
    listener,
    least(floor(probability_pct / 10) * 10 + 5, 95) AS probability_about_pct,
    avg(probability_pct) AS predicted_pct,
    100e0 * sum(CASE WHEN predicted_mood = actual_mood THEN 1 ELSE 0 END) / count(*) AS right_pct,
    count(*) AS listens
FROM mood_classifications
WHERE actual_mood IS NOT NULL
GROUP BY 1, 2
HAVING count(*) >= 20
