"""Prescriptive tables: what to listen to, and when, based on the history."""
