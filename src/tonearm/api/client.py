"""The client of the API, in this process or over the network; the lab reads through nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from tonearm import __version__
from tonearm.api.answers import ListenerInfo, ModelOutcome, Problem
from tonearm.api.app import create_app
from tonearm.api.predicting import Answering
from tonearm.api.routes.models import ModelCard
from tonearm.api.routes.own_playlists import PlaylistWithTracks
from tonearm.api.routes.predict import BreakoutAnswer, MoodAnswer, PopularWithProbability
from tonearm.errors import HomeBusy, HomeUnusable, InputError, NotRegistered, TonearmError, UsageError
from tonearm.models.listing import Standing
from tonearm.read.track_fields import TrackField
from tonearm.recommend.answers.recommended import Answer as Recommendations
from tonearm.recommend.answers.search import Found
from tonearm.settings import Settings
from tonearm.store.feedback import Feedback, Kind, Subject

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_Kind = TypeVar("_Kind")
Record = Mapping[str, Any]
"""What is known of a track or an artist's month, by the names of the API's fields."""
_HERE = "http://127.0.0.1"
_PATIENCE = httpx.Timeout(5, read=3600)
"""Training all models is one answer."""

_ERRORS = {kind.__name__: kind for kind in (UsageError, NotRegistered, InputError, HomeBusy, HomeUnusable)}


@dataclass(frozen=True)
class _ManyPopular:
    predictions: list[PopularWithProbability]


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

    def listeners(self) -> list[ListenerInfo]:
        """Every listener."""
        return self._get(list[ListenerInfo], "/listeners")

    def track_fields(self, genre: str | None = None, track_id: int | None = None) -> list[TrackField]:
        """What a model may be asked about a track, with what is usual, in a genre or in all, or what one track has."""
        return self._get(list[TrackField], "/predict/fields", genre=genre, track_id=track_id)

    def popularity(self, tracks: Sequence[Record], by: Answering = "served") -> list[PopularWithProbability]:
        """Whether each track is popular."""
        asked = {"probability": True, "by": by}
        answer = self._ask(_ManyPopular, "POST", "/predict/popularity", params=asked, json={"records": list(tracks)})
        return answer.predictions

    def mood(self, track: Record) -> MoodAnswer:
        """How a track sounds."""
        return self._ask(MoodAnswer, "POST", "/predict/mood", json=track)

    def breakout(self, months: Sequence[Record]) -> BreakoutAnswer:
        """Which artists break out."""
        return self._ask(BreakoutAnswer, "POST", "/predict", json={"records": list(months)})

    def search(self, query: str, limit: int = 10) -> list[Found]:
        """Tracks of that name, or one like it."""
        return self._get(list[Found], "/search", q=query, limit=limit)

    def goes_with(self, track_id: int, **wishes: Any) -> Recommendations:
        """What goes with a track."""
        return self._get(Recommendations, f"/recommend/song/{track_id}", **wishes)

    def recommend(self, **wishes: Any) -> Recommendations:
        """What a listener may want to hear next."""
        return self._ask(Recommendations, "POST", "/recommend/user/", json=_given(wishes))

    def goes_on(self, tracks: Sequence[int], **wishes: Any) -> Recommendations:
        """How a list of tracks may go on."""
        asked = {"tracks": [str(track) for track in tracks], **_given(wishes)}
        return self._ask(Recommendations, "POST", "/recommend/playlist", json=asked)

    def feedback(self, listener: str) -> list[Feedback]:
        """What a listener thinks of tracks and artists, newest first."""
        return self._get(list[Feedback], f"/listeners/{_quoted(listener)}/feedback")

    def give_feedback(self, listener: str, kind: Kind, subject: Subject, id: int) -> Feedback:
        """Note what a listener thinks of a track or an artist."""
        opinion = {"kind": kind, "subject": subject, "name": str(id)}
        return self._ask(Feedback, "POST", f"/listeners/{_quoted(listener)}/feedback", json=opinion)

    def take_back(self, listener: str, subject: Subject, id: int) -> None:
        """Forget what a listener thinks of a track or an artist."""
        self._answer("DELETE", f"/listeners/{_quoted(listener)}/feedback/{subject}/{id}")

    def save_playlist(self, listener: str, title: str, tracks: Sequence[int]) -> PlaylistWithTracks:
        """Make a playlist of the listener's own."""
        given = {"title": title, "tracks": [str(track) for track in tracks]}
        return self._ask(PlaylistWithTracks, "POST", "/playlists", params={"listener": listener}, json=given)

    def models(self) -> list[Standing]:
        """The models, and how each stands beside its baseline."""
        return self._get(list[Standing], "/models")

    def model(self, name: str) -> ModelCard:
        """A model's card."""
        return self._get(ModelCard, f"/models/{_quoted(name)}")

    def picture(self, model: str, name: str) -> bytes:
        """A picture of how a model did, as PNG."""
        return self._answer("GET", f"/models/{_quoted(model)}/pictures/{_quoted(name)}").content

    def train(self, model: str) -> list[ModelOutcome]:
        """Train a model now, which may take minutes."""
        return self._ask(list[ModelOutcome], "POST", "/models/train", params={"model": model})

    def _get(self, kind: type[_Kind], path: str, **query: Any) -> _Kind:
        return self._ask(kind, "GET", path, params=_given(query))

    def _ask(self, kind: type[_Kind], method: str, path: str, **request: Any) -> _Kind:
        answer = self._answer(method, path, **request)
        try:
            return TypeAdapter(kind).validate_json(answer.content)
        except ValidationError as error:
            raise TonearmError(
                f"{self._http.base_url} does not answer {path} as tonearm {__version__} does; is it of that version?"
            ) from error

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


def _given(wishes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wishes.items() if value is not None}


def _quoted(name: str) -> str:
    return quote(name, safe="")


def _error(answer: httpx.Response) -> TonearmError:
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        return TonearmError(f"the API answered {answer.status_code} {answer.reason_phrase}")
    return _ERRORS.get(problem.error, TonearmError)(problem.message)
