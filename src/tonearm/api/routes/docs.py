"""``/docs``: the routes on one plain page, since FastAPI's own page fetches scripts from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from tonearm import errors

router = APIRouter(include_in_schema=False)

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>tonearm API</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark }} body {{ font: 16px/1.5 system-ui; max-width: 50rem;
  margin: 2rem auto; padding: 0 1rem }}
code, pre {{ font-size: .95em }} pre {{ overflow-x: auto }}
dt {{ margin-top: 1.2rem; font-weight: 600 }} dd {{ margin: 0 0 0 1rem }} li {{ margin: 0 }}
</style><h1>tonearm {version}</h1>
<p>Every route and its parameters; <a href="/openapi.json">openapi.json</a> has the types of the answers too.</p>
<dl>{routes}</dl>
<h2>Failures</h2>
<p>A request that was not carried out is answered with a problem as JSON: <code>error</code> names its kind,
<code>detail</code> says what happened, to what, and what to do.</p>
<dl>{kinds}</dl></html>"""


_OTHER_KINDS = {
    "Refused": "The server does not carry out such a request: the status and the sentence say why.",
    "Bug": "tonearm failed inside; its log has the rest.",
}


@router.get("/openapi.json")
def openapi(request: Request) -> dict[str, Any]:
    """The OpenAPI document."""
    document: dict[str, Any] = request.app.openapi()
    return document


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> HTMLResponse:
    """The routes, for people."""
    document = request.app.openapi()
    routes = "".join(
        _route(method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    kinds = "".join(f'<dt id="{kind}"><code>{kind}</code></dt><dd>{_prose(meaning)}</dd>' for kind, meaning in _kinds())
    return HTMLResponse(_PAGE.format(version=escape(document["info"]["version"]), routes=routes, kinds=kinds))


def _kinds() -> Iterator[tuple[str, str]]:
    """Names of failures and what each means."""
    yield from _OTHER_KINDS.items()
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.TonearmError) and kind is not errors.TonearmError:
            yield name, " ".join((kind.__doc__ or "").split())


def _route(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = "".join(
        f"<li><code>{escape(p['name'])}</code> {_prose(p.get('description', ''))}</li>"
        for p in operation.get("parameters", [])
    )
    description = _prose(operation.get("description", ""))
    heading = f"<dt><code>{method.upper()} {escape(path)}</code></dt>"
    return f"{heading}<dd>{description}<ul>{parameters}</ul>{_example(operation)}</dd>"


def _prose(text: str) -> str:
    """Text of a docstring as HTML: what stands between backticks is code."""
    return re.sub(r"(`+)(.+?)\1", r"<code>\2</code>", escape(text))


def _example(operation: dict[str, Any]) -> str:
    """The example of a body, if there is one."""
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [media.get("example"), *(one.get("value") for one in media.get("examples", {}).values())]
    shown = next((one for one in examples if one is not None), None)
    return "" if shown is None else f"<pre>{escape(json.dumps(shown, indent=1, ensure_ascii=False))}</pre>"
