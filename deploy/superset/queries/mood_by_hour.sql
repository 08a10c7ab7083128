-- How far the music of each hour is from the same month's other hours, with a 95 % interval.
-- One row per listener, hour and feature; hours that were not tested have none.
SELECT
    listener,
    hour_of_day,
    'valence' AS feature,
    month_deviation_valence AS deviation,
    month_deviation_low_valence AS deviation_low,
    month_deviation_high_valence AS deviation_high,
    p_corrected_valence AS p_corrected,
    verdict_valence AS verdict,
    compared_valence AS sessions
FROM mood_time_correlations
WHERE verdict_valence <> 'insufficient'
UNION ALL
SELECT
    listener,
    hour_of_day,
    'energy' AS feature,
    month_deviation_energy AS deviation,
    month_deviation_low_energy AS deviation_low,
    month_deviation_high_energy AS deviation_high,
    p_corrected_energy AS p_corrected,
    verdict_energy AS verdict,
    compared_energy AS sessions
FROM mood_time_correlations
WHERE verdict_energy <> 'insufficient'
