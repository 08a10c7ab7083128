-- The listener's 50 most heard albums: one row per listener and album.
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY listener ORDER BY listens DESC, album_title, album_artist_id) AS place
    FROM albums
)

SELECT
    listener,
    place,
    album_title AS album,
    coalesce(album_artist_name, 'unknown') AS artist,
    tracks,
    listens,
    minutes / 60 AS hours,
    CAST(first_heard_at AS date) AS first_heard,
    CAST(last_heard_at AS date) AS last_heard
FROM ranked
WHERE place <= 50
