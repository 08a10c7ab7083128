-- Predicted and measured valence of the latest listens: one row per listener and listen.
-- Where a baseline without an interval is served, whether the valence is inside is null.
WITH checked AS (
    SELECT
        *,
        CASE WHEN expected_valence_low IS NOT NULL AND expected_valence_high IS NOT NULL
            THEN actual_valence BETWEEN expected_valence_low AND expected_valence_high END AS is_inside
    FROM mood_predictions
    WHERE slot = 'listen' AND actual_valence IS NOT NULL
)

SELECT
    listener,
    CAST(slot_id AS varchar) AS listen,
    expected_valence,
    actual_valence,
    CASE WHEN is_inside THEN 100 WHEN NOT is_inside THEN 0 END AS inside_interval_pct,
    CASE WHEN is_inside THEN 'inside its 90 % interval' WHEN NOT is_inside THEN 'outside' ELSE 'no interval' END
        AS verdict,
    served_by
FROM checked
