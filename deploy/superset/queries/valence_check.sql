-- Predicted and measured valence of the latest listens: one row per listener and listen.
SELECT
    listener,
    CAST(slot_id AS varchar) AS listen,
    expected_valence,
    actual_valence,
    CASE WHEN actual_valence BETWEEN expected_valence_low AND expected_valence_high THEN 100 ELSE 0 END
        AS inside_interval_pct,
    CASE WHEN actual_valence BETWEEN expected_valence_low AND expected_valence_high
        THEN 'inside its 90 % interval' ELSE 'outside' END AS verdict,
    served_by
FROM mood_predictions
WHERE slot = 'listen' AND actual_valence IS NOT NULL
