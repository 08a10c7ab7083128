-- Four playlists with the reason for each track: one row per listener, playlist and position.
SELECT
    listener,
    playlist,
    position,
    track_name AS track,
    artist_name AS artist,
    kind,
    fit,
    energy,
    valence,
    tempo,
    because
FROM personalized_playlist_suggestions
