-- Share of the listener's saddest-sounding quarter of music in each hour, and what could be tried.
-- One row per listener and hour that was tested.
SELECT
    listener,
    hour_of_day,
    low_share_pct,
    usual_low_share_pct,
    difference,
    p_corrected,
    replace(verdict, '_', ' ') AS verdict,
    priority,
    units AS sessions,
    coalesce(what_to_try, 'nothing: no increase is shown') AS what_to_try
FROM mood_intervention_triggers
WHERE verdict <> 'insufficient'
