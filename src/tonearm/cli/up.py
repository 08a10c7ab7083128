"""``tonearm up``."""

from __future__ import annotations

import click

from tonearm.cli.command import Context, command

_PORT = click.IntRange(1, 65535)


@command(
    epilog="""\b
Examples:
  tonearm up
  tonearm up --host 0.0.0.0      for other machines; their requests need a token

\b
`tonearm schedule` shows what is done when, and docs/schedule.md has a unit for systemd.
"""
)
@click.option("--port", type=_PORT, default=9696, show_default=True, help="Port of the API.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address at which the API can be reached.")
@click.option("--lab-port", type=_PORT, default=8501, show_default=True, help="Port of the lab.")
@click.option("--api", "api_only", is_flag=True, help="Without the lab.")
def up(context: Context, port: int, host: str, lab_port: int, api_only: bool) -> None:
    """Serve the page, the API and the lab, and keep the histories up to date, until Ctrl-C.

    Beside what `tonearm serve` does, it pulls from the connected services, builds and predicts at intervals.
    """
    from tonearm.api.background import beside
    from tonearm.api.serve import serve_all, serve_api

    background = beside(with_schedule=True)
    if api_only:
        serve_api(context.settings, port, host, background)
    else:
        serve_all(context.settings, port, host, lab_port, background)
