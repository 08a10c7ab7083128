"""Models: which version answers, how it was measured beside its baseline, and training from here."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from tonearm.api.answers import ModelOutcome
from tonearm.api.routes.models import ModelCard
from tonearm.errors import TonearmError
from tonearm.lab.frame import card, client, evidence, plain
from tonearm.models.listing import Standing

_OUTCOMES = {
    "served": "beat its baseline and is served",
    "baseline": "did not beat its baseline, which answers",
    "not_enough_data": "has too little to learn from",
}
_TRAINED = "trained"
_FIRST_PICTURES = ("calibration", "confusion", "predicted", "ranked")
_MOST_PICTURES = 6
_MOST_DECISIONS = 5


def page() -> None:
    """Draw it."""
    st.title("The models", anchor=False)
    st.markdown(
        "A model answers only where it beat a simple rule on data that it had not learned from; else the rule does."
    )
    found = client().models()
    _news()
    st.dataframe([_row(one) for one in found], hide_index=True)
    name = st.selectbox("Model", [one.model for one in found], format_func=lambda one: one.replace("_", " "))
    _card(card(name))


def _row(one: Standing) -> dict[str, object]:
    return {
        "model": one.model.replace("_", " "),
        "answers": state(one),
        "trained": f"{one.trained_at:%-d %b %Y}" if one.trained_at else "",
        "compared with": one.baseline,
    }


def state(one: Standing) -> str:
    """Who answers, in words."""
    if not one.versions:
        return "not trained yet"
    return "the baseline" if one.production is None else f"version {one.production}"


def _card(about: ModelCard) -> None:
    one = about.standing
    st.subheader(one.model.replace("_", " ").capitalize(), anchor=False)
    st.markdown(plain(one.summary))
    serves = f", for {', '.join(one.serves)}; the baseline for the rest" if one.serves else ""
    st.markdown(f"**Answers:** {plain(state(one) + serves)}. **Compared with:** {plain(one.baseline)}.")
    if one.versions and not about.evidence:
        st.markdown(plain(one.decision))
    _train(one)
    if about.evidence:
        st.markdown(f"**Version {about.measured} beside its baseline, by what decides**")
        evidence(about.evidence)
    if about.further:
        with st.expander(f"Every other metric ({len(about.further)})"):
            evidence(about.further)
    if about.pictures:
        _pictures(about)
    if about.versions:
        with st.expander(f"Versions ({len(about.versions)})", expanded=len(about.versions) > 1):
            _versions(about)
    with st.expander("Card: what it learns from, and what it cannot do"):
        st.markdown(
            f"Registered as `{one.registered}`. It learns from {', '.join(f'`{t}`' for t in about.learns_from)}."
        )
        st.markdown("\n".join(f"- {plain(limit)}" for limit in about.limits))


def _train(one: Standing) -> None:
    if not st.button(f"Train {one.model.replace('_', ' ')} now", icon=":material/model_training:"):
        return
    try:
        with st.spinner("Training, then bringing the tables up to date. This takes minutes for a long history."):
            st.session_state[_TRAINED] = client().train(one.model)
    except TonearmError as error:
        st.error(plain(str(error)))
        return
    card.clear()
    st.rerun()


def _news() -> None:
    """Show, once, what the last training did."""
    done: Sequence[ModelOutcome] = st.session_state.pop(_TRAINED, ())
    for one in done:
        words = f"{one.model}: {_OUTCOMES.get(one.status, one.status)}. {one.message or ''}"
        (st.success if one.status == "served" else st.info)(plain(words))


def _pictures(about: ModelCard) -> None:
    with st.expander("Pictures of what it predicted for data that it had not learned from", expanded=True):
        columns = st.columns(2)
        for place, name in enumerate(chosen_pictures(about.pictures)):
            *target, _number, what = name.split("-")
            columns[place % 2].image(client().picture(about.standing.model, name), caption=" ".join([*target, what]))


def chosen_pictures(names: Sequence[str]) -> list[str]:
    """The pictures that show most, in the order in which they were drawn: calibration, and what was confused.

    They are called ``TARGET-NUMBER-WHAT``.
    """
    telling = [name for name in names if name.endswith(_FIRST_PICTURES)]
    return sorted(telling, key=lambda name: int(name.split("-")[-2]))[:_MOST_PICTURES]


def _versions(about: ModelCard) -> None:
    st.dataframe(
        [
            {
                "version": one.version,
                "trained": f"{one.trained_at:%-d %b %Y %H:%M}",
                "rows": one.rows,
                "is": ", ".join(one.aliases),
                "answers": ", ".join(one.serves) or "nothing",
                "by hand": one.is_by_hand,
            }
            for one in about.versions
        ],
        hide_index=True,
        column_config={"rows": st.column_config.NumberColumn(format="localized")},
    )
    st.markdown(
        "\n".join(f"- Version {one.version}: {plain(one.decision)}" for one in about.versions[:_MOST_DECISIONS])
    )
    st.caption("A person can decide otherwise, with a reason that is kept:")
    name, newest = about.standing.registered, about.versions[0].version
    st.code(
        f'tonearm models promote {name} {newest} production --reason "better on my own list"\n'
        f'tonearm models rollback {name} --reason "too many alerts"',
        language="sh",
    )
