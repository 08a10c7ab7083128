"""What data each model needs before it predicts for a listener, in words."""

from __future__ import annotations


def needs(model: str) -> str:
    """The data that ``model`` needs for a forecast."""
    from tonearm.models.energy_forecast import EnergyForecast
    from tonearm.models.next_mood import NextMood
    from tonearm.models.session_start import SessionStart

    starts, kinds, hours = SessionStart(), NextMood(), EnergyForecast()
    return {
        "session_start": f"{starts.warm_up_days} days and {starts.fewest_starts} hours in which a session starts",
        "next_mood": f"{kinds.fewest_listens} listens with measured features in {kinds.fewest_sessions} sessions",
        "energy_forecast": f"{hours.fewest_hours} hours of measured listens in {hours.fewest_weeks} weeks or more",
        "breakout": "some years of listens, and artists heard lately that are none of yours yet",
        "mood": "a track catalogue, and listens whose tracks are in it",
    }[model]
