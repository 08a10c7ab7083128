"""``/listeners/{name}/playlists``."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tonearm.api.deps import ListenerInPath, SettingsDep
from tonearm.read.playlists import Playlist, jspf, m3u, playlist_name, spotify_uris, with_recordings, without_uri
from tonearm.read.playlists import playlist as find

router = APIRouter(tags=["playlists"])

Format = Literal["json", "m3u", "jspf", "spotify"]


@router.get("/listeners/{name}/playlists/{playlist}", response_model=Playlist)
def read_playlist(
    settings: SettingsDep,
    listener: ListenerInPath,
    playlist: str,
    form: Annotated[Format, Query(alias="format", description="spotify is a list of Spotify's URIs.")] = "json",
) -> Playlist | Response:
    """A suggested playlist: Focus, Relaxation, Energy or Mood lift, as JSON, extended M3U, JSPF or Spotify URIs.

    Spotify URIs leave out tracks without a known id; ``X-Left-Out`` is their number.
    """
    found = find(settings, listener, playlist_name(playlist))
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
