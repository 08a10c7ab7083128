-- Where the audio features of each month's listens come from: one row per listener, month and source.
SELECT
    listener,
    month,
    feature_source,
    listens,
    share_pct
FROM feature_source_coverage
