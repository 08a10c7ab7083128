-- Each served model against its baseline, in the metric that decides: one row per listener, model and target.
SELECT
    listener,
    scope,
    replace(model, '_', ' ') AS model,
    replace(target, '_', ' ') AS target,
    metric,
    value,
    value_low,
    value_high,
    baseline_name,
    baseline_value,
    gain,
    gain_low,
    gain_high,
    CASE WHEN is_better THEN 'model' ELSE 'baseline' END AS better,
    rows AS n,
    protocol
FROM model_performance_metrics
WHERE is_served AND is_deciding
