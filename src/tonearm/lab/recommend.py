"""Recommend: what to hear next, for a listener, a song or a list, with reasons, filters and dials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pyarrow as pa
import streamlit as st

from tonearm.columns import MOODS
from tonearm.errors import UsageError
from tonearm.lab.frame import choose_listener, client, plain, problems_shown, tried
from tonearm.lab.track import choose_song, fields
from tonearm.read.as_csv import as_csv
from tonearm.read.playlists import Playlist, jspf, m3u
from tonearm.recommend.answers.recommended import Answer, Recommended

Way = Literal["listener", "song", "list"]
_WAYS: dict[Way, str] = {"listener": "For a listener", "song": "What goes with a song", "list": "How my list goes on"}
_LIST = "my-list"
_COLUMNS = ("artist_name", "track_name", "album_name", "genre", "mood", "year", "duration_s", "spotify_id", "because")


def page() -> None:
    """Draw it."""
    st.title("What to hear next", anchor=False)
    left, right = st.columns([2, 3], gap="large")
    with left:
        listener = choose_listener()
        wishes = _wishes()
    with right:
        way: Way = st.segmented_control(
            "From what", list(_WAYS), default="listener" if listener else "song", format_func=_WAYS.__getitem__,
            key="recommend-way", required=True,
        )  # fmt: skip
        with problems_shown():
            answer = _answer(way, listener, wishes)
            if answer is not None:
                _show(answer, listener)
    with left:
        _my_list(listener)
        if listener is not None:
            with problems_shown():
                _feedback(listener)


def _wishes() -> dict[str, Any]:
    """Draw the filters and dials; the fields of the request that they make, the same for every route."""
    genres = st.multiselect("Genres", _genres(), key="recommend-genres", placeholder="any", accept_new_options=True)
    moods = st.multiselect(
        "Moods", MOODS, format_func=lambda mood: mood.replace("_", " ").lower(), key="recommend-moods",
        placeholder="any",
    )  # fmt: skip
    novelty = st.slider("Novelty", 0.0, 1.0, 0.0, 0.05, help="0: the best tracks. 1: the least known that suit.")
    diversity = st.slider("Diversity", 0.0, 1.0, 0.3, 0.05, help="0: the best tracks. 1: the most varied.")
    with st.expander("More filters"):
        k = st.slider("How many", 5, 50, 12)
        tempos = st.text_input("Tempo, bpm", placeholder="90-120")
        years = st.text_input("Years", placeholder="1990-1999")
        clean = st.checkbox("Nothing marked explicit")
        unheard = st.checkbox("Only what was not heard", value=True, help="By the listener.")
        strict = st.checkbox("Strict", help="Otherwise filters give way where too few tracks meet all; you see which.")
    return {
        "k": k,
        "genres": genres or None,
        "moods": moods or None,
        "novelty": novelty,
        "diversity": diversity,
        "tempo": tempos.strip() or None,
        "year": years.strip() or None,
        "explicit": False if clean else None,
        "unheard": unheard,
        "relax": not strict,
    }


def _genres() -> list[str]:
    """Those of the catalogue; none where there is no catalogue, and then one can be typed."""
    try:
        return list(next(one.values for one in fields() if one.name == "genre"))
    except UsageError:
        return []


def _answer(way: Way, listener: str | None, wishes: dict[str, Any]) -> Answer | None:
    """What the chosen way recommends; None, after drawing what is missing, where nothing can be asked yet."""
    if way == "listener":
        if listener is None:
            st.info("Nobody has a history here yet. Bring one in on the page under *Library*, or start from a song.")
            return None
        return client().recommend(listener=listener, **wishes)
    if way == "song":
        track = choose_song("recommend")
        if track is None:
            return None
        of_one = wishes if listener is not None else wishes | {"unheard": None}
        return client().goes_with(track, listener=listener, **of_one)
    mine = _mine()
    if not mine:
        st.info("Your list is empty. Put tracks on it with :material/playlist_add:, from the other two ways.")
        return None
    return client().goes_on([one.track_id for one in mine], **(wishes | {"unheard": None}))


def _show(answer: Answer, listener: str | None) -> None:
    st.subheader(plain(answer.title[:1].upper() + answer.title[1:]), anchor=False)
    if answer.served_by == "model":
        who = f"The recommender answers, version {answer.version}."
    else:
        who = "The simple rule answers: the recommender is not trained, or no better here."
    st.caption(" ".join(plain(part) for part in (who, answer.note, answer.fewer) if part))
    if answer.relaxed:
        st.caption(plain(f"Too few tracks met every filter, so these gave way: {', '.join(answer.relaxed)}."))
    best = max((one.score or 0.0 for one in answer.tracks), default=0.0)
    for one in answer.tracks:
        _track(one, best, listener)


def _track(one: Recommended, best: float, listener: str | None) -> None:
    with st.container(border=True, gap="xsmall"):
        about = [one.album_name, one.genre, one.mood and one.mood.replace("_", " ").lower(), one.year and str(one.year)]
        st.markdown(f"{one.position}\\. **{plain(one.track_name)}** · {plain(one.artist_name)}")
        known = [plain(part) for part in about if part]
        known += [f":orange-badge[not {plain(miss)}]" for miss in one.misses]
        if known:
            st.caption(" · ".join(known))
        if one.because:
            st.markdown(plain(one.because))
        with st.container(horizontal=True, gap="xsmall"):
            _buttons(one, listener)
            if one.why and best:
                with st.popover("Why"):
                    st.caption(f"Its score is {(one.score or 0) / best:.0%} of the best one here, the sum of:")
                    st.dataframe(
                        [{"what": what, "share": part / one.score} for what, part in one.why if one.score],
                        hide_index=True,
                        column_config={"share": st.column_config.NumberColumn(format="percent")},
                    )


def _buttons(one: Recommended, listener: str | None) -> None:
    is_on = any(mine.track_id == one.track_id for mine in _mine())
    st.button(
        "Added" if is_on else "Add", help="To my list", icon=":material/playlist_add:", disabled=is_on,
        key=f"add-{one.track_id}", on_click=_add, args=(one,),
    )  # fmt: skip
    if listener is None:
        return
    st.button(
        "Like", key=f"like-{one.track_id}",
        on_click=tried, args=(_opinion, listener, "like", "track", one.track_id, one.track_name),
    )  # fmt: skip
    with st.popover("Hide"):
        for subject, label, id, name in (
            ("track", "Never this track", one.track_id, one.track_name),
            ("artist", "Never this artist", one.artist_id, one.artist_name),
        ):
            st.button(
                label, key=f"hide-{subject}-{one.track_id}",
                on_click=tried, args=(_opinion, listener, "hide", subject, id, name),
            )  # fmt: skip


def _opinion(listener: str, kind: Any, subject: Any, id: int, name: str | None) -> str:
    client().give_feedback(listener, kind, subject, id)
    return f"{'Liked' if kind == 'like' else 'Hidden'}: {name or 'a track'}"


def _mine() -> list[Recommended]:
    """The tracks on the reader's list, which lives as long as the browser's tab."""
    mine: list[Recommended] = st.session_state.setdefault(_LIST, [])
    return mine


def _add(one: Recommended) -> None:
    if all(mine.track_id != one.track_id for mine in _mine()):
        _mine().append(one)


def _remove(place: int) -> None:
    if place < len(_mine()):
        del _mine()[place]


def _my_list(listener: str | None) -> None:
    st.subheader("My list", anchor=False)
    mine = _mine()
    if not mine:
        st.caption("Add tracks to it, let it go on, keep it as a file.")
        return
    for place, one in enumerate(mine):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{place + 1}\\. {plain(one.track_name)} · {plain(one.artist_name)}")
            st.button(
                "", icon=":material/close:", key=f"remove-{one.track_id}", on_click=_remove, args=(place,),
                type="tertiary", help="Take it off the list",
            )  # fmt: skip
    title = st.text_input("Title", "From the lab", max_chars=256) or "From the lab"
    made = as_playlist(title, listener or "tonearm", mine)
    with st.container(horizontal=True):
        for label, text, kind in (("M3U", m3u(made), "m3u8"), ("JSPF", jspf(made), "jspf"), ("CSV", csv(mine), "csv")):
            st.download_button(label, text, f"{title}.{kind}", on_click="ignore", icon=":material/download:")
    if listener is not None:
        tracks = [one.track_id for one in mine]
        st.button("Keep as a playlist", icon=":material/save:", on_click=tried, args=(_save, listener, title, tracks))


def _save(listener: str, title: str, tracks: Sequence[int]) -> str:
    client().save_playlist(listener, title, tracks)
    return f"{title} is now one of {listener}'s playlists"


def as_playlist(title: str, listener: str, tracks: Sequence[Recommended]) -> Playlist:
    """The list as what the writers of M3U and JSPF take."""
    return Playlist(listener, title, [vars(one) | {"because": one.because or None} for one in tracks])


def csv(tracks: Sequence[Recommended]) -> bytes:
    """The list as CSV, harmless to a spreadsheet."""
    return as_csv(pa.table({name: [getattr(one, name) for one in tracks] for name in _COLUMNS}))


def _feedback(listener: str) -> None:
    given = client().feedback(listener)
    if not given:
        return
    with st.expander(f"What {plain(listener)} likes and hides ({len(given)})"):
        for one in given[:50]:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{one.kind}: {plain(one.name)}")
                st.button(
                    "Take back", key=f"back-{one.subject}-{one.subject_id}-{one.given_at}", type="tertiary",
                    on_click=tried, args=(client().take_back, listener, one.subject, one.subject_id),
                )  # fmt: skip
