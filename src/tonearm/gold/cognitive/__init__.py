"""Cognitive tables: recurring patterns in the listening, and what kind of listener they show."""
