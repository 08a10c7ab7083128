"""``tonearm serve`` and ``tonearm lab``."""

from __future__ import annotations

import click

from tonearm.cli.command import Context, command

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
def serve(context: Context, port: int, host: str, lab_port: int, api_only: bool) -> None:
    """Serve the page, the API and the lab on this machine until Ctrl-C."""
    from tonearm.api import serve as served
    from tonearm.api.background import beside

    if api_only:
        served.serve_api(context.settings, port, host, beside(with_schedule=False))
    else:
        served.serve_all(context.settings, port, host, lab_port, beside(with_schedule=False))


@command(
    epilog="""\b
Examples:
  tonearm lab
  tonearm lab --port 8600
  TONEARM_API_URL=http://127.0.0.1:9696 tonearm lab      beside an API that is served already

\b
The lab has no login and stays on this machine; `tonearm serve` and `tonearm up` serve it, too.
"""
)
@click.option("--port", type=_PORT, default=8501, show_default=True, help="Port of the lab.")
@click.option("--until-eof", is_flag=True, hidden=True, help="End when standard input does.")
def lab(context: Context, port: int, until_eof: bool) -> None:
    """Serve the lab alone until Ctrl-C: sliders for the models, recommendations, model cards.

    It reads from the API at the setting api_url; where that is empty, from one in its own process.
    """
    from tonearm.api.serve import serve_lab

    serve_lab(context.settings, port, until_eof)
