"""The page Insights: questions about somebody's listening, each with its answer, its picture and its evidence."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tonearm.documents.cards import changes, coming, playing, you
from tonearm.documents.cards.card import Answer, Asked, Card
from tonearm.documents.ends import now_of
from tonearm.documents.history import History
from tonearm.documents.sentences import written
from tonearm.documents.tables import Tables

if TYPE_CHECKING:
    from tonearm.models.trial.summary import Trials

CARDS: tuple[Card, ...] = (*you.CARDS, *changes.CARDS, *coming.CARDS, *playing.CARDS)
"""In the order of the page: in each group what every history can tell comes first, what takes sound features last."""
TABLES = (
    *("behavioral_segments", "sequential_patterns", "mood_state_clusters", "top_tracks_by_mood", "listening_anomalies"),
    *("weekend_vs_weekday", "part_of_day_drivers", "mood_time_correlations", "session_start_forecasts"),
    *("next_mood_forecasts", "artist_breakouts", "model_performance_metrics", "personalized_playlist_suggestions"),
    *("optimal_listening_times", "energy_forecasts", "mood_predictions", "mood_improvement_recommendations"),
    *("mood_intervention_triggers", "mood_shift_patterns", "feature_correlations"),
)
"""What cards read beside the listens."""


def insights(history: History, tables: Tables, today: date, trials: Trials | None = None) -> dict[str, Any]:
    """All cards, each as ``{id, group, question, answer, picture, sure, items, needs}``.

    ``as_of`` is the last day of a history that ``has_ended``, else ``today``; ``stray`` is what was played after its
    end. A card with ``needs``, a sentence about what would help, has no answer, and comes after those of its group
    that have one. Sentences with dates, numbers or names in them have a twin ``NAME_parts``, as
    :func:`sentences.written` describes. ``trials`` says how earlier forecasts came out.
    """
    now = now_of(history, today)
    asked = Asked(history, tables, now.as_of, now.has_ended, trials)
    cards = [_made(card, asked) for card in CARDS] if history.listens else []
    return {
        "listener": history.listener,
        "listens": history.listens,
        **vars(now),
        "groups": list(dict.fromkeys(card.group for card in CARDS)),
        "cards": sorted(cards, key=lambda card: card["needs"] is not None),
    }


def _made(card: Card, asked: Asked) -> dict[str, Any]:
    made = card.make(asked)
    found: dict[str, Any] = written(_as_document(card, made))
    return found


def _as_document(card: Card, made: Answer) -> dict[str, Any]:
    return {
        "id": card.id,
        "group": card.group,
        "question": card.question,
        **vars(made),
        "sure": made.sure and vars(made.sure),
    }
