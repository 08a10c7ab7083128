"""``tonearm recommend``: what to hear next, one file for each of its commands."""

from __future__ import annotations

import click


@click.group(
    epilog="""\b
Examples:
  tonearm recommend --help
"""
)
def recommend() -> None:
    """What to hear next: for a track, a listener or a mood, each with its reasons."""
