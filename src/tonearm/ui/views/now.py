"""What now: playlists for an aim, the hours and tracks that go with it, and hours of low mood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from tonearm.columns import AIMS, PLAYLISTS
from tonearm.documents import words
from tonearm.ui import findings
from tonearm.ui.charts import Layers
from tonearm.ui.findings import Finding, Square
from tonearm.ui.frame import client, plain
from tonearm.ui.section import Row, chart, chosen_listener, colours, question, rows, source
from tonearm.ui.sentences import now as sentences

STYLE = """
.playlist { width: 100%; border-collapse: collapse; font-size: 0.9rem; }
.playlist td { padding: 0.35rem 0.4rem; border: 0; border-bottom: 1px solid rgba(128,128,128,.2); vertical-align: top;
  overflow-wrap: anywhere; }
.playlist .place { width: 1.8rem; padding-left: 0; text-align: right; opacity: 0.7;
  font-variant-numeric: tabular-nums; }
.playlist .kind { width: 4.2rem; text-align: right; padding-right: 0; white-space: nowrap; }
.playlist .kind span { border: 1px solid currentColor; border-radius: 1rem; padding: 0 0.5rem; font-size: 0.75rem; }
.playlist .unheard span { background: #0072B2; border-color: #0072B2; color: #fff; }
.playlist small { display: block; opacity: 0.75; font-size: 0.78rem; }
"""
_FORMS = (("M3U", "m3u", "m3u8", "audio/mpegurl"), ("JSON", "json", "json", "application/json"),
          ("Spotify list", "spotify", "txt", "text/plain"))  # fmt: skip
_KINDS = {"heard": "heard", "unheard": "new to you"}


def page() -> None:
    """Draw the page."""
    listener = chosen_listener()
    if listener is None:
        return
    _playlists(listener)
    _best_hours(listener)
    _risers(listener)
    _low_hours(listener)


def _playlists(listener: str) -> None:
    found = rows("personalized_playlist_suggestions", listener)
    if found is None:
        return
    question("What shall I put on?", sentences.playlists(found))
    names = [name for name in PLAYLISTS if any(row["playlist"] == name for row in found)]
    if names:
        for name, tab in zip(names, st.tabs(names), strict=True):
            with tab:
                _playlist(listener, name, [row for row in found if row["playlist"] == name])
        if missing := [name for name in PLAYLISTS if name not in names]:
            st.caption(f"Too few tracks suit {words.listed(missing)}: a list needs five.")
    source("personalized_playlist_suggestions", found)


def _playlist(listener: str, name: str, tracks: Sequence[Row]) -> None:
    with st.container(horizontal=True, gap="small"):
        for label, form, ending, media_type in _FORMS:
            st.download_button(
                label, _file(listener, name, form), f"{name}.{ending}", media_type, key=f"{name}-{form}",
                on_click="ignore", icon=":material/download:", help=f"{name} of {plain(listener)} as {label}",
            )  # fmt: skip
    st.html(tracks_html(tracks))
    known = sum(row["spotify_id"] is not None for row in tracks)
    st.caption(
        f"Chosen by sound alone; only you can tell whether it helps. {known} of {len(tracks)} have a Spotify id."
    )


def _file(listener: str, name: str, form: str) -> Callable[[], bytes]:
    """Fetched only when it is asked for."""
    return partial(client().playlist, listener, name, form)  # type: ignore[arg-type]


def tracks_html(tracks: Sequence[Row]) -> str:
    """The tracks with the reason for each, as HTML; names are text, whatever they contain."""
    lines = "".join(
        f'<tr><td class="place">{row["position"]}</td><td>{escape(row["track_name"] or "?")} · '
        f"{escape(row['artist_name'] or '?')}<small>{escape(row['because'])}</small></td>"
        f'<td class="kind {row["kind"]}"><span>{_KINDS[row["kind"]]}</span></td></tr>'
        for row in tracks
    )
    return f'<table class="playlist"><tbody>{lines}</tbody></table>'


def _best_hours(listener: str) -> None:
    found = rows("optimal_listening_times", listener)
    if not found:
        return
    question("When do I choose music for what?", sentences.best_hours(found))
    if any(row["verdict"] != "insufficient" for row in found):
        st.html(findings.grid_key(colours()))
        chart(_grid(found), "Hours in which the music suits each aim more or less than usual")
        for suggestion in [row["suggestion"] for row in found if row["hour_rank"] == 1 and row["verdict"] == "higher"]:
            st.caption(f"Best shown: {plain(suggestion)}")
        st.caption("This shows what music you choose then, not how well you work or rest.")
    source("optimal_listening_times", found)


def _grid(found: Sequence[Row]) -> Layers:
    fields = [
        Square(
            row["hour_of_day"], words.AIMS[row["aim"]], row["effect"], findings.of_square(row["verdict"]),
            _fit(row), words.counted(row["units"], "session"),
        )
        for row in found
    ]  # fmt: skip
    names, hours = [words.AIMS[aim] for aim in AIMS], list(range(24))
    return findings.squares(
        fields, hours, names, colours(), shades=findings.diverging(colours()), domain=(-0.8, 0.8),
        titles=("hour of the day", None), height=34,
    )  # fmt: skip


def _fit(row: Row) -> str:
    if row["mean_fit"] is None or row["usual_fit"] is None:
        return words.VERDICTS[row["verdict"]]
    return f"{words.VERDICTS[row['verdict']]}: fit {row['mean_fit']:.2f}, usually {row['usual_fit']:.2f}"


def _risers(listener: str) -> None:
    found = rows("mood_improvement_recommendations", listener)
    if found is None:
        return
    question("After which tracks does my music turn happier?", sentences.risers(found))
    shown = [_riser(row) for row in found if row["kind"] == "heard" and row["verdict"] in ("higher", "not_shown")]
    if shown:
        st.html(findings.key([f.look for f in shown], colours()))
        chart(
            findings.forest(shown, "positive sound: more than expected →", colours()),
            "How much happier than usual the music after each track was",
        )
        st.caption(_nearest(found, len(shown)))
    near = [row for row in found if row["close_to"]]
    if near:
        st.markdown("**Never heard, and close to one of them**")
        st.html(tracks_html([_as_track(row) for row in near]))
    if found:
        st.caption("About the music that followed, not about how you felt.")
    source("mood_improvement_recommendations", found)


def _nearest(found: Sequence[Row], shown: int) -> str:
    """Warns, beside a chart of the best, that the best of many look good by chance."""
    tested = max(row["tracks_tested"] for row in found)
    return (
        f"The {shown} that came out best of {words.counted(tested, 'tested track')}: among so many some look good by "
        "chance, and the verdict allows for it. Lines are 95 % intervals of each alone."
    )


def _riser(row: Row) -> Finding:
    name = f"{row['track_name'] or '?'} · {row['artist_name'] or '?'}"
    evidence = f"{words.counted(row['units'], 'session')}; rise {words.signed(row['rise'])}"
    return Finding(name, row["difference"], row["difference_low"], row["difference_high"], row["verdict"], evidence)


def _as_track(row: Row) -> Row:
    return {**row, "position": row["rank"], "because": row["because"] or f"close to {row['close_to']}"}


def _low_hours(listener: str) -> None:
    found = rows("mood_intervention_triggers", listener)
    if not found:
        return
    question("When does my music turn low?", sentences.low_hours(found))
    st.info(plain(found[0]["note"]), icon=":material/info:")
    shown = [_low(row) for row in found if row["difference"] is not None]
    if any(f.look != "insufficient" for f in shown):
        st.html(findings.key([f.look for f in shown], colours()))
        chart(
            findings.by_hour(shown, "← less · more →", colours()),
            "Share of sad-sounding music in each hour less that of other hours of the same months",
        )
        st.caption(
            "Low is the quarter of your own music with the least positive sound (valence up to "
            f"{found[0]['low_valence']:.2f}). In % of an hour's music, beside the other sessions of the same months; "
            "lines are 95 % intervals."
        )
    for row in found:
        if row["what_to_try"]:
            st.markdown(f"- {row['hour_of_day']}–{row['hour_of_day'] + 1} h: {plain(row['what_to_try'])}")
    source("mood_intervention_triggers", found)


def _low(row: Row) -> Finding:
    evidence = f"{words.counted(row['units'], 'session')}, {words.counted(row['n_low'], 'listen')}"
    shares = f"{row['low_share_pct']:.0f} %, usually {row['usual_low_share_pct']:.0f} %"
    return Finding(
        row["hour_of_day"],
        row["difference"],
        row["difference_low"],
        row["difference_high"],
        row["verdict"],
        evidence,
        shares,
    )
