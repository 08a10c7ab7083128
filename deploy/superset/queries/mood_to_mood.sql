-- Which mood follows which: of the shifts that begin in a mood, the share that ends in each.
-- One row per listener and pair of moods, over all hours and sizes of shift, from moods that begin at least 20.
WITH moods (mood) AS (
    VALUES ('Happy Energetic'), ('Happy Calm'), ('Sad Energetic'), ('Sad Calm'), ('Neutral')
),

counted AS (
    SELECT
        listener,
        starts.mood AS from_mood,
        ends.mood AS to_mood,
        CASE starts.mood
            WHEN 'Happy Energetic' THEN from_happy_energetic_n
            WHEN 'Happy Calm' THEN from_happy_calm_n
            WHEN 'Sad Energetic' THEN from_sad_energetic_n
            WHEN 'Sad Calm' THEN from_sad_calm_n
            WHEN 'Neutral' THEN from_neutral_n
        END AS begun,
        CASE starts.mood || ' > ' || ends.mood
            WHEN 'Happy Energetic > Happy Energetic' THEN happy_energetic_to_happy_energetic_pct
            WHEN 'Happy Energetic > Happy Calm' THEN happy_energetic_to_happy_calm_pct
            WHEN 'Happy Energetic > Sad Energetic' THEN happy_energetic_to_sad_energetic_pct
            WHEN 'Happy Energetic > Sad Calm' THEN happy_energetic_to_sad_calm_pct
            WHEN 'Happy Energetic > Neutral' THEN happy_energetic_to_neutral_pct
            WHEN 'Happy Calm > Happy Energetic' THEN happy_calm_to_happy_energetic_pct
            WHEN 'Happy Calm > Happy Calm' THEN happy_calm_to_happy_calm_pct
            WHEN 'Happy Calm > Sad Energetic' THEN happy_calm_to_sad_energetic_pct
            WHEN 'Happy Calm > Sad Calm' THEN happy_calm_to_sad_calm_pct
            WHEN 'Happy Calm > Neutral' THEN happy_calm_to_neutral_pct
            WHEN 'Sad Energetic > Happy Energetic' THEN sad_energetic_to_happy_energetic_pct
            WHEN 'Sad Energetic > Happy Calm' THEN sad_energetic_to_happy_calm_pct
            WHEN 'Sad Energetic > Sad Energetic' THEN sad_energetic_to_sad_energetic_pct
            WHEN 'Sad Energetic > Sad Calm' THEN sad_energetic_to_sad_calm_pct
            WHEN 'Sad Energetic > Neutral' THEN sad_energetic_to_neutral_pct
            WHEN 'Sad Calm > Happy Energetic' THEN sad_calm_to_happy_energetic_pct
            WHEN 'Sad Calm > Happy Calm' THEN sad_calm_to_happy_calm_pct
            WHEN 'Sad Calm > Sad Energetic' THEN sad_calm_to_sad_energetic_pct
            WHEN 'Sad Calm > Sad Calm' THEN sad_calm_to_sad_calm_pct
            WHEN 'Sad Calm > Neutral' THEN sad_calm_to_neutral_pct
            WHEN 'Neutral > Happy Energetic' THEN neutral_to_happy_energetic_pct
            WHEN 'Neutral > Happy Calm' THEN neutral_to_happy_calm_pct
            WHEN 'Neutral > Sad Energetic' THEN neutral_to_sad_energetic_pct
            WHEN 'Neutral > Sad Calm' THEN neutral_to_sad_calm_pct
            WHEN 'Neutral > Neutral' THEN neutral_to_neutral_pct
        END AS ended_pct
    FROM mood_shift_patterns
    CROSS JOIN moods AS starts
    CROSS JOIN moods AS ends
    WHERE hours = 'all day'
)

SELECT
    listener,
    from_mood,
    to_mood,
    sum(begun) AS begun,
    sum(begun * ended_pct) / sum(begun) AS ended_pct
FROM counted
WHERE begun > 0
GROUP BY listener, from_mood, to_mood
HAVING sum(begun) >= 20
