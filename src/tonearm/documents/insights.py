"""The page Insights: questions about somebody's listening, each with its answer, its picture and its evidence."""

from __future__ import annotations

from datetime import date
from typing import Any

from tonearm.documents.cards import changes, coming, playing, you
from tonearm.documents.cards.card import Asked, Card
from tonearm.documents.history import History
from tonearm.documents.home import recent_as_of
from tonearm.documents.tables import Tables

CARDS: tuple[Card, ...] = (*you.CARDS, *changes.CARDS, *coming.CARDS, *playing.CARDS)
"""In the order of the page: in each group what every history can tell comes first, what takes sound features last."""
TABLES = (
    *("behavioral_segments", "sequential_patterns", "mood_state_clusters", "top_tracks_by_mood", "listening_anomalies"),
    *("weekend_vs_weekday", "part_of_day_drivers", "mood_time_correlations", "session_start_forecasts"),
    *("next_mood_forecasts", "artist_breakouts", "model_performance_metrics", "personalized_playlist_suggestions"),
    "optimal_listening_times",
)
"""What cards read beside the listens."""


def insights(history: History, tables: Tables, today: date) -> dict[str, Any]:
    """All cards, each as ``{id, group, question, answer, picture, sure, items, needs}``.

    ``as_of`` is the last day of a history that ``has_ended``, else ``today``. A card with ``needs``, a sentence about
    what would help, has no answer, and comes after those of its group that have one.
    """
    as_of, has_ended = recent_as_of(history, today)
    asked = Asked(history, tables, as_of, has_ended)
    cards = [_made(card, asked) for card in CARDS] if history.listens else []
    return {
        "listener": history.listener,
        "listens": history.listens,
        "as_of": as_of,
        "has_ended": has_ended,
        "groups": list(dict.fromkeys(card.group for card in CARDS)),
        "cards": sorted(cards, key=lambda card: card["needs"] is not None),
    }


def _made(card: Card, asked: Asked) -> dict[str, Any]:
    made = card.make(asked)
    return {
        "id": card.id,
        "group": card.group,
        "question": card.question,
        **vars(made),
        "sure": made.sure and vars(made.sure),
    }
