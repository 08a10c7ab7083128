-- The predicted mood of listens whose mood was measured: one row per listener, measured and predicted mood.
WITH counted AS (
    SELECT
        listener,
        replace(actual_mood, '_', ' ') AS measured_mood,
        replace(predicted_mood, '_', ' ') AS predicted_mood,
        count(*) AS listens
    FROM mood_classifications
    WHERE actual_mood IS NOT NULL
    GROUP BY 1, 2, 3
)

SELECT
    *,
    100e0 * listens / sum(listens) OVER (PARTITION BY listener, measured_mood) AS share_pct
FROM counted
