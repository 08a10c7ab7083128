"""Diagnostic tables: what shapes the listening, and how certain that is."""
