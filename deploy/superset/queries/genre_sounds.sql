-- What each genre sounds like over all years: one row per listener and genre with at least 20 measured listens.
SELECT
    listener,
    genre,
    sum(listens) AS listens,
    sum(mean_energy * n_energy) / sum(n_energy) AS energy,
    sum(mean_valence * n_valence) / sum(n_valence) AS valence
FROM genre_profiles
WHERE mean_energy IS NOT NULL AND mean_valence IS NOT NULL
GROUP BY listener, genre
HAVING sum(n_energy) >= 20 AND sum(n_valence) >= 20
