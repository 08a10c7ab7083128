"""The client of the API, in this process or over the network; the page reads through nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote

import httpx
import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from tonearm.api.answers import Health, Imported, ImportRows, ListenerInfo, Problem, TableInfo, Zones
from tonearm.api.app import create_app
from tonearm.errors import HomeBusy, HomeUnusable, InputError, TonearmError, UsageError
from tonearm.ingest.ledger import ImportReport, Outcome
from tonearm.models.trial.summary import Trials
from tonearm.read.overview import Favourite, Overview, Subject
from tonearm.settings import Settings

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_Kind = TypeVar("_Kind")
_HERE = "http://127.0.0.1"
_PATIENCE = httpx.Timeout(5, read=3600)
"""An import of a large history and its build are one answer."""

_MOST_ROWS = 10_000
"""Of one listener in a gold table; the largest have some hundred."""

_ERRORS = {kind.__name__: kind for kind in (UsageError, InputError, HomeBusy, HomeUnusable)}


class InProcess(httpx.BaseTransport):
    """Answers requests by calling an ASGI application, without a server or a port.

    httpx's own such transport is for async clients, and Streamlit's scripts are not async.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Answer with ``app``."""
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The application's answer, whole."""
        return asyncio.run(self._answer(request))

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, stream=_Body(request))
        answer = await httpx.ASGITransport(self._app).handle_async_request(asked)
        # As it was sent: what is compressed is decoded by the client, as its headers say.
        content = b"".join([part async for part in answer.aiter_raw()])
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


class _Body(httpx.AsyncByteStream):
    """A request's body, of which only one part at a time is in memory."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request

    async def __aiter__(self) -> Any:
        assert isinstance(self._request.stream, httpx.SyncByteStream)
        for part in self._request.stream:
            yield part


class Client:
    """The API's routes as methods; each raises the TonearmError that the API reports."""

    def __init__(self, http: httpx.Client) -> None:
        """Ask through ``http``; see :func:`open_client`."""
        self._http = http

    def health(self) -> Health:
        """Whether tonearm can work, and which version of the listens it shows."""
        return self._get(Health, "/health")

    def listeners(self) -> list[ListenerInfo]:
        """Every listener."""
        return self._get(list[ListenerInfo], "/listeners")

    def zones(self) -> Zones:
        """The time zones there are."""
        return self._get(Zones, "/zones")

    def set_zone(self, name: str, zone: str, since: date | None) -> ListenerInfo:
        """Set a listener's time zone from a day on."""
        where = {"zone": zone, "from": since and since.isoformat()}
        return self._ask(ListenerInfo, "PUT", f"/listeners/{_quoted(name)}", json=where)

    def overview(self, name: str, rule: str) -> Overview:
        """Everything on the first page but the favourites."""
        return self._get(Overview, f"/listeners/{_quoted(name)}/overview", rule=rule)

    def favourites(
        self, name: str, subject: Subject, first: date | None, last: date | None, rule: str, limit: int
    ) -> list[Favourite]:
        """The most heard artists or tracks between two local days."""
        days = {"from": first and first.isoformat(), "to": last and last.isoformat()}
        path = f"/listeners/{_quoted(name)}/top/{subject}"
        return self._get(list[Favourite], path, **days, rule=rule, limit=limit)

    def tables(self) -> list[TableInfo]:
        """Every table."""
        return self._get(list[TableInfo], "/tables")

    def rows(self, table: str, listener: str) -> list[dict[str, Any]]:
        """Every row of a gold table about one listener, in the order of its grain."""
        query = {"listener": listener, "format": "arrow", "limit": str(_MOST_ROWS)}
        answer = self._answer("GET", f"/tables/{_quoted(table)}", params=query)
        found: list[dict[str, Any]] = pa.ipc.open_stream(answer.content).read_all().to_pylist()
        return found

    def trials(self, listener: str) -> Trials:
        """How the forecasts of one listener did that were kept before the fact."""
        return self._get(Trials, "/predictions/trial", listener=listener)

    def playlist(self, name: str, playlist: str, form: Literal["json", "m3u", "jspf", "spotify"]) -> bytes:
        """A suggested playlist as a file."""
        path = f"/listeners/{_quoted(name)}/playlists/{_quoted(playlist)}"
        return self._answer("GET", path, params={"format": form}).content

    def imports(self) -> list[ImportReport]:
        """Every import, newest first."""
        return self._get(list[ImportReport], "/imports")

    def import_rows(self, run: int, outcome: Outcome, limit: int) -> ImportRows:
        """Rows of one import with that outcome."""
        return self._get(ImportRows, f"/imports/{run}", outcome=outcome, limit=limit)

    def import_files(
        self, files: Iterable[tuple[str, IO[bytes]]], listener: str, zone: str, hints: Mapping[str, str] | None = None
    ) -> Imported:
        """Import files and build; ``hints`` are the form's other fields, such as ``columns``."""
        parts = [("files", (name, content, "application/octet-stream")) for name, content in files]
        data = {"listener": listener, "timezone": zone, **(hints or {})}
        return self._ask(Imported, "POST", "/imports", files=parts, data=data)

    def undo(self, run: int) -> Imported:
        """Undo an import and build."""
        return self._ask(Imported, "DELETE", f"/imports/{run}")

    def _get(self, kind: type[_Kind], path: str, **query: Any) -> _Kind:
        return self._ask(kind, "GET", path, params={k: v for k, v in query.items() if v is not None})

    def _ask(self, kind: type[_Kind], method: str, path: str, **request: Any) -> _Kind:
        return TypeAdapter(kind).validate_json(self._answer(method, path, **request).content)

    def _answer(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise TonearmError(
                f"no answer from {self._http.base_url}: {error}; is `tonearm serve --api` running?"
            ) from error
        if answer.is_error:
            raise _error(answer)
        return answer


def open_client(settings: Settings) -> Client:
    """The client of the API at ``settings.api_url``, or of one in this process."""
    if settings.api_url:
        shown = {"Authorization": f"Token {settings.api_token}"} if settings.api_token else {}
        return Client(httpx.Client(base_url=settings.api_url, headers=shown, timeout=_PATIENCE))
    return Client(httpx.Client(base_url=_HERE, transport=InProcess(create_app(settings)), timeout=_PATIENCE))


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _error(answer: httpx.Response) -> TonearmError:
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        return TonearmError(f"the API answered {answer.status_code} {answer.reason_phrase}")
    return _ERRORS.get(problem.error, TonearmError)(problem.message)
