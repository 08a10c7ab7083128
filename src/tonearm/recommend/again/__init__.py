"""Re-listening: which of the tracks that a listener knows comes next, and which to hear again now."""
