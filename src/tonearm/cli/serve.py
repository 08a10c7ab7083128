"""``tonearm serve``."""

from __future__ import annotations

import click

from tonearm.cli.command import Context, command


@command(
    epilog="""\b
Examples:
  tonearm serve
  tonearm serve --api --port 8600
"""
)
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="Port of the page.")
@click.option("--api", "api_only", is_flag=True, help="Serve the API alone, for other programs.")
def serve(context: Context, port: int, api_only: bool) -> None:
    """Serve the page on this machine (127.0.0.1) until Ctrl-C."""
    from tonearm.api.serve import serve_api, serve_page

    if api_only:
        serve_api(context.settings, port)
    else:
        serve_page(context.settings, port)
