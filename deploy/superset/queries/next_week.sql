-- What the coming week's music is predicted to sound like, with a 90 % interval.
-- One row per listener, hour and feature; the interval is null where a baseline without one is served.
WITH hours AS (
    SELECT
        listener,
        predicted_for_at,
        CAST(predicted_for_local AS timestamp(0)) AS hour_local
    FROM energy_forecasts
)

SELECT
    hours.listener,
    hour_local,
    'energy' AS feature,
    expected_energy AS expected,
    expected_energy_low AS expected_low,
    expected_energy_high AS expected_high,
    baseline_energy AS baseline,
    served_by
FROM energy_forecasts
INNER JOIN hours
    ON energy_forecasts.listener = hours.listener AND energy_forecasts.predicted_for_at = hours.predicted_for_at
UNION ALL
SELECT
    hours.listener,
    hour_local,
    'valence' AS feature,
    expected_valence AS expected,
    expected_valence_low AS expected_low,
    expected_valence_high AS expected_high,
    baseline_valence AS baseline,
    served_by
FROM mood_predictions
INNER JOIN hours
    ON mood_predictions.listener = hours.listener AND mood_predictions.predicted_for_at = hours.predicted_for_at
WHERE slot = 'coming_hour'
