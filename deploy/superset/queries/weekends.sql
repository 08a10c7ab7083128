-- How weekends differ from the same week's other days: one row per listener and metric.
SELECT
    listener,
    replace(replace(metric, '_pct', ', %'), '_', ' ') AS metric,
    mean_weekday,
    mean_weekend,
    week_difference AS difference,
    week_difference_low AS difference_low,
    week_difference_high AS difference_high,
    effect,
    p_corrected,
    replace(verdict, '_', ' ') AS verdict,
    weeks
FROM weekend_vs_weekday
