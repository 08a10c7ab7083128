"""Ingest: reads files into rows of bronze and records the outcome of each row in the ledger."""
