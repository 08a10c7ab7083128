-- Days that stand out from the eight weeks around them: one row per listener, day and kind.
SELECT
    listener,
    local_date AS day,
    anomaly,
    abs(score) AS score,
    severity,
    rank AS place,
    actual,
    expected,
    listens,
    days_judged,
    in_words
FROM listening_anomalies
