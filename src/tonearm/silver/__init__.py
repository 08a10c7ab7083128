"""Silver: one row per real listen, and the tracks, sessions and artist-months derived from them."""

from tonearm.table import load_when_used

load_when_used("ibis")
