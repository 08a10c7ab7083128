-- Artists who follow one another more often than in random order: one row per listener and pair of artists.
SELECT
    listener,
    pattern,
    lift,
    lift_low,
    lift_high,
    occurrences,
    expected_occurrences AS expected,
    p_corrected,
    replace(verdict, '_', ' ') AS verdict,
    pattern_days,
    track_sequences
FROM sequential_patterns
WHERE pattern_type = 'artist_2'
