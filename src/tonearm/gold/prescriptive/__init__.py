"""Prescriptive tables: what to listen to, and when, judged by what the history shows."""
