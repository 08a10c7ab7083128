"""Silver: one row per real listen, and the tracks, sessions and artist-months that follow from it."""

from tonearm.table import load_when_used

load_when_used("ibis")
