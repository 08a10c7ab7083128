-- How likely a session is to start in each of the coming 24 hours: one row per listener and hour.
SELECT
    listener,
    CAST(predicted_for_local AS timestamp(0)) AS hour_local,
    probability_pct,
    baseline_pct,
    served_by
FROM session_start_forecasts
WHERE horizon = 'day_ahead'
