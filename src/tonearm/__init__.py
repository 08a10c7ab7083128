"""Self-hosted, local-first listening intelligence."""

__version__ = "0.1.0"
