"""``/api/auth/``: the page on which a listener lets a program scrobble that asked by ``auth.getToken``.

It keeps no cookie: what authorises is the password or token that the listener types, so that no other site's form can
send it for them.
"""

from __future__ import annotations

import re
from html import escape
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from tonearm.api.accepting import RawBody, now
from tonearm.api.deps import StoreDep
from tonearm.api.routes.lastfm import proved
from tonearm.scrobble.lastfm import Failure, parameters
from tonearm.store.scrobble_sessions import authorise_token, new_token

router = APIRouter(tags=["lastfm"])

_UNSAFE = frozenset({"javascript", "data", "vbscript", "file", "blob", "about", "view-source", "filesystem"})
"""Schemes that run or read something in the browser instead of opening a page or an app."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    # A browser that is to send no referrer at all leaves out the form's origin too, which is looked at.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Let a program scrobble - tonearm</title>
<style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem}}
label{{display:block;margin:.8rem 0}}input{{display:block;width:100%;font:inherit;padding:.3rem}}
button{{font:inherit;padding:.4rem 1rem}}</style></head>
<body><h1>Let a program scrobble</h1>
{inside}
</body></html>
"""
_FORM = """<p>A program asks to submit and read your listens{sent_back}. Your scrobble password or a token lets it.</p>
{problem}<form method="post" action="/api/auth/">
<input type="hidden" name="token" value="{token}"><input type="hidden" name="cb" value="{cb}">
<label>Listener <input name="listener" autocomplete="username" required></label>
<label>Scrobble password or token
<input name="password" type="password" autocomplete="current-password" required></label>
<button>Let it scrobble</button></form>"""


@router.get("/api/auth", include_in_schema=False)
@router.get("/api/auth/", response_class=HTMLResponse)
def ask(
    token: Annotated[str, Query(description="From auth.getToken; without one it is made.")] = "",
    cb: Annotated[str, Query(description="Where the program waits for the token.")] = "",
) -> HTMLResponse:
    """The form to let a program scrobble."""
    wrong = _wrong(cb)
    if wrong:
        return _page(f"<p>{escape(wrong)}</p>", 400)
    return _form(token, cb)


@router.post("/api/auth", include_in_schema=False)
@router.post("/api/auth/", response_class=HTMLResponse)
def authorise(body: RawBody, store: StoreDep) -> HTMLResponse:
    """Authorise the token in the form for the listener whose password or token is in it."""
    try:
        given = parameters("", body)
    except Failure as failure:
        return _page(f"<p>{escape(failure.message)}</p>", 400)
    token, cb = given.get("token", ""), given.get("cb", "")
    wrong = _wrong(cb)
    if wrong:
        return _page(f"<p>{escape(wrong)}</p>", 400)
    try:
        listener, by = proved(store, given.get("listener", ""), given.get("password", ""))
    except Failure as failure:
        return _form(token, cb, failure.message, 403)
    token = token or new_token(store, None, now())
    if not authorise_token(store, token, listener, now(), by):
        return _page("<p>The request is unknown, was answered, or is older than an hour; begin again there.</p>", 410)
    # A link and no redirect: whoever follows it sees where it leads.
    back = f'<p><a href="{escape(with_token(cb, token))}">Go back to {escape(_place(cb))}</a></p>' if cb else ""
    return _page(f"<p>The program may now scrobble for {escape(listener)}; return to it.</p>{back}")


def with_token(cb: str, token: str) -> str:
    """The address ``cb`` with ``token`` in its query."""
    parts = urlsplit(cb)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("token", token)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _wrong(cb: str) -> str:
    """Why a program cannot be sent the token at ``cb``; empty where it can or needs not."""
    try:
        scheme = urlsplit(cb).scheme.lower()
    except ValueError:
        scheme = ""
    is_safe = _SCHEME.fullmatch(scheme) and scheme not in _UNSAFE and cb.isprintable()
    return "" if not cb or is_safe else "The address to go back to (cb) is none of a website or an app."


def _place(cb: str) -> str:
    parts = urlsplit(cb)
    return f"{parts.scheme}://{parts.netloc}"


def _form(token: str, cb: str, problem: str = "", status: int = 200) -> HTMLResponse:
    sent_back = f", and waits at <code>{escape(_place(cb))}</code>" if cb else ""
    why = f"<p><strong>{escape(problem)}</strong></p>" if problem else ""
    return _page(_FORM.format(token=escape(token), cb=escape(cb), sent_back=sent_back, problem=why), status)


def _page(inside: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(inside=inside), status, _HEADERS)
