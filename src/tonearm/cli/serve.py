"""``tonearm serve``."""

from __future__ import annotations

import click

from tonearm.cli.command import Context, command
from tonearm.errors import UsageError

_PORT = click.IntRange(1, 65535)


@command(
    epilog="""\b
Examples:
  tonearm serve
  tonearm serve --api --port 8600
  tonearm serve --host 0.0.0.0      for other machines; their requests need a token

\b
`tonearm tokens create` makes a token. The lab has no login and stays on this machine.
"""
)
@click.option("--port", type=_PORT, default=9696, show_default=True, help="Port of the page and the API.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address at which the API can be reached.")
@click.option("--lab-port", type=_PORT, default=8501, show_default=True, help="Port of the lab.")
@click.option("--api", "api_only", is_flag=True, help="Without the lab.")
@click.option("--lab", "lab_only", is_flag=True, help="Serve the lab alone, which reads from the setting api_url.")
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input does.")
def serve(
    context: Context, port: int, host: str, lab_port: int, api_only: bool, lab_only: bool, until_eof: bool
) -> None:
    """Serve the page, the API and the lab on this machine until Ctrl-C."""
    from tonearm.api import serve as served
    from tonearm.api.background import beside

    if api_only and lab_only:
        raise UsageError("name --api or --lab, or neither for both")
    if lab_only:
        served.serve_lab(context.settings, lab_port, until_eof)
    elif api_only:
        served.serve_api(context.settings, port, host, beside(with_schedule=False))
    else:
        served.serve_all(context.settings, port, host, lab_port, beside(with_schedule=False))
