"""Pulls: a listener's history from the services that keep it, and audio features from those that measure them."""
