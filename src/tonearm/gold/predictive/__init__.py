"""Predictive tables: predictions of the served models (or of the baselines in their place), and how good they are."""
