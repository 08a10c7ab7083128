-- How far the mood moves from one track to the next in each hour: one row per listener, hour and size,
-- for hours with at least 20 shifts.
SELECT
    listener,
    hour_of_day,
    CASE shift_size WHEN 'Stable' THEN 'stable' WHEN 'Minor_Shift' THEN 'minor shift' ELSE 'major shift' END
        AS shift_size,
    shifts,
    shift_share_pct,
    hour_shifts
FROM mood_shift_patterns
WHERE hour_of_day IS NOT NULL AND hour_shifts >= 20
