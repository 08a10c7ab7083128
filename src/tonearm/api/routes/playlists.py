"""``/listeners/{name}/playlists``."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tonearm.api.deps import ListenerInPath, SettingsDep
from tonearm.read.playlists import Playlist, jspf, m3u, playlist_name, spotify_uris, with_recordings, without_uri
from tonearm.read.playlists import playlist as find
from tonearm.recommend.playlists.asked import named_playlist
from tonearm.recommend.playlists.named import NAMES, Named
from tonearm.settings import Settings

router = APIRouter(tags=["playlists"])

Format = Literal["json", "m3u", "jspf", "spotify"]


def _found(settings: Settings, listener: str, name: str) -> Playlist:
    if "-".join(name.replace("-", " ").casefold().split()) in NAMES:
        return named_playlist(settings, name, listener)
    return find(settings, listener, playlist_name(name))


@router.get("/listeners/{name}/playlists/{playlist}", response_model=Named | Playlist)
def read_playlist(
    settings: SettingsDep,
    listener: ListenerInPath,
    playlist: str,
    form: Annotated[Format, Query(alias="format", description="spotify is a list of Spotify's URIs.")] = "json",
) -> Playlist | Response:
    """A playlist as JSON, extended M3U, JSPF or Spotify URIs: Focus, Relaxation, Energy or Mood lift, which a build
    suggests, or weekly-jams, weekly-exploration, daily or rediscover, of this day or week.

    Spotify URIs leave out tracks without a known id; ``X-Left-Out`` is their number.
    """
    found = _found(settings, listener, playlist)
    if form == "json":
        return found
    if form == "m3u":
        named = {"Content-Disposition": f'attachment; filename="{found.playlist}.m3u8"'}
        return Response(m3u(found), media_type="audio/mpegurl; charset=utf-8", headers=named)
    if form == "jspf":
        named = {"Content-Disposition": f'attachment; filename="{found.playlist}.jspf"'}
        return Response(jspf(with_recordings(settings, found)), media_type="application/jspf+json", headers=named)
    left_out = {"X-Left-Out": str(len(without_uri(found)))}
    return Response(spotify_uris(found), media_type="text/plain; charset=utf-8", headers=left_out)
