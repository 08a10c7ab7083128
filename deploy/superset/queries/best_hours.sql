-- How well the music of each hour suits an aim, compared with the same month's other sessions.
-- One row per listener, hour and aim; hours that were not tested have no difference.
SELECT
    listener,
    hour_of_day,
    aim,
    mean_fit,
    usual_fit,
    difference,
    difference_low,
    difference_high,
    p_corrected,
    replace(verdict, '_', ' ') AS verdict,
    hour_rank,
    units AS sessions,
    suggestion
FROM optimal_listening_times
WHERE verdict <> 'insufficient'
