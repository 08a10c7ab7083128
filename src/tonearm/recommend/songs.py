"""What makes two tracks one song, and what is no song at all, by their titles in small letters."""

BEYOND_SONG = r"\s*( [-–—] |\(|\[).*$"
"""What in a title makes it another version of a song; as in ``personalized_playlist_suggestions``."""
NO_SONG = (
    r"^\W*(intro|outro|skit|interlude|prelude|silence|untitled|unknown|untitled track|track \d+|audio track \d+)\W*$"
    r"|[(\[]\s*(skit|interlude|intro|outro|spoken word)\b|\bskit$|\bmixed by\b|\b(continuous|dj) mix\b|\bpodcast\b"
)
"""Titles of what stands between songs, of mixes of an hour, and of files without a title."""
