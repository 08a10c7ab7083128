"""Ingest: from the files that people have to rows of bronze, each with what became of it in the ledger."""
