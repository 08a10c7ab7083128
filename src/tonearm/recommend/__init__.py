"""Recommendations: what to hear next, for a track, a listener or a list of liked tracks, each with its reasons."""
