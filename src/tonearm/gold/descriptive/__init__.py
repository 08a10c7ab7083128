"""Descriptive tables: what was heard, when, and how it sounded."""
