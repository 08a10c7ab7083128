"""Diagnostic tables: why the listening is as it is, and how sure that is."""
