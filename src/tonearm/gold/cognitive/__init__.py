"""Cognitive tables: what returns in the listening, and what kind of listener it shows."""
