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
`tonearm tokens create` makes a token. The page has no login and stays on this machine.
"""
)
@click.option("--port", type=_PORT, default=9696, show_default=True, help="Port of the API.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address at which the API can be reached.")
@click.option("--page-port", type=_PORT, default=8501, show_default=True, help="Port of the page.")
@click.option("--api", "api_only", is_flag=True, help="Serve the API alone, for other programs.")
@click.option("--page", "page_only", is_flag=True, help="Serve the page alone, which reads from the setting api_url.")
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input does.")
def serve(
    context: Context, port: int, host: str, page_port: int, api_only: bool, page_only: bool, until_eof: bool
) -> None:
    """Serve the API and the page on this machine until Ctrl-C."""
    from tonearm.api import serve as served
    from tonearm.api.background import beside

    if api_only and page_only:
        raise UsageError("name --api or --page, or neither for both")
    if page_only:
        served.serve_page(context.settings, page_port, until_eof)
    elif api_only:
        served.serve_api(context.settings, port, host, beside(with_schedule=False))
    else:
        served.serve_all(context.settings, port, host, page_port, beside(with_schedule=False))
