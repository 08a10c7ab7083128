-- Five traits of the listener compared with others: one row per listener and trait.
SELECT
    listener,
    trait,
    unit,
    CASE trait
        WHEN 'repeating - exploring' THEN exploring_pct
        WHEN 'by day - after dark' THEN after_dark_pct
        WHEN 'steady - in bursts' THEN bursts_pct
        WHEN 'focused - eclectic' THEN eclectic_bits
        ELSE loyal_pct
    END AS trait_value,
    CASE trait
        WHEN 'repeating - exploring' THEN exploring_pct_low
        WHEN 'by day - after dark' THEN after_dark_pct_low
        WHEN 'steady - in bursts' THEN bursts_pct_low
        WHEN 'focused - eclectic' THEN eclectic_bits_low
        ELSE loyal_pct_low
    END AS value_low,
    CASE trait
        WHEN 'repeating - exploring' THEN exploring_pct_high
        WHEN 'by day - after dark' THEN after_dark_pct_high
        WHEN 'steady - in bursts' THEN bursts_pct_high
        WHEN 'focused - eclectic' THEN eclectic_bits_high
        ELSE loyal_pct_high
    END AS value_high,
    CASE trait
        WHEN 'repeating - exploring' THEN exploring_pct_rank
        WHEN 'by day - after dark' THEN after_dark_pct_rank
        WHEN 'steady - in bursts' THEN bursts_pct_rank
        WHEN 'focused - eclectic' THEN eclectic_bits_rank
        ELSE loyal_pct_rank
    END AS percent_rank,
    CASE trait
        WHEN 'repeating - exploring' THEN exploring_pct_months
        WHEN 'by day - after dark' THEN after_dark_pct_months
        WHEN 'steady - in bursts' THEN bursts_pct_months
        WHEN 'focused - eclectic' THEN eclectic_bits_months
        ELSE loyal_pct_months
    END AS months,
    coalesce(archetype, 'not enough months') AS archetype,
    in_words,
    compared_with,
    compared_listeners
FROM behavioral_segments
CROSS JOIN (
    VALUES
    ('repeating - exploring', '%'),
    ('by day - after dark', '%'),
    ('steady - in bursts', '%'),
    ('focused - eclectic', 'bit'),
    ('drifting - loyal', '%')
) AS traits (trait, unit)
