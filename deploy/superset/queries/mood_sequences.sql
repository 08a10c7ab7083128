-- Which mood follows which more often than in random order: one row per listener and pair of moods
-- that is expected at least five times.
SELECT
    listener,
    replace(substr(pattern, 1, strpos(pattern, ' → ') - 1), '_', ' ') AS first_mood,
    replace(substr(pattern, strpos(pattern, ' → ') + 3), '_', ' ') AS next_mood,
    lift,
    lift_low,
    lift_high,
    occurrences,
    expected_occurrences AS expected,
    p_corrected,
    replace(verdict, '_', ' ') AS verdict
FROM sequential_patterns
WHERE pattern_type = 'mood_2' AND expected_occurrences >= 5
