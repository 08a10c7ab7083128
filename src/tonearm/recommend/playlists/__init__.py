"""Playlists that people know by name: weekly jams, weekly exploration, daily and rediscover."""
