"""Silver: one row per real listen, and the tracks, sessions and artist-months that follow from it."""
