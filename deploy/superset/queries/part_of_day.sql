-- What distinguishes each part of the day: one row per listener, part of the day and driver.
SELECT
    listener,
    CASE part_of_day
        WHEN 'night' THEN '1 night'
        WHEN 'morning' THEN '2 morning'
        WHEN 'afternoon' THEN '3 afternoon'
        ELSE '4 evening'
    END AS part_of_day,
    driver_type,
    driver,
    rank AS place,
    mean_inside,
    mean_outside,
    difference,
    effect,
    p_corrected,
    replace(verdict, '_', ' ') AS verdict,
    units,
    driver_listens
FROM part_of_day_drivers
