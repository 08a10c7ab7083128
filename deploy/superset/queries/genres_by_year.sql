-- Genres of each year: the listener's nine most heard ones, and all others together.
WITH ranked AS (
    SELECT
        listener,
        genre,
        row_number() OVER (PARTITION BY listener ORDER BY sum(listens) DESC, genre) AS place
    FROM genre_profiles
    GROUP BY listener, genre
)

SELECT
    genre_profiles.listener,
    CAST(year_local AS varchar) AS year,
    CASE WHEN place <= 9 THEN genre_profiles.genre ELSE 'other genres' END AS genre,
    sum(listens) AS listens,
    sum(genre_share_pct) AS share_pct
FROM genre_profiles
INNER JOIN ranked ON genre_profiles.listener = ranked.listener AND genre_profiles.genre = ranked.genre
GROUP BY 1, 2, 3
