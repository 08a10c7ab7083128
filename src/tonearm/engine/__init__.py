"""Engines that compute tables: the protocol a build needs, and its implementations on DuckDB and on Spark."""
