"""Engines: what a build asks of one, and the two that answer, DuckDB in this process and Spark."""
