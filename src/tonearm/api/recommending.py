"""What answers recommendations: read once, and anew when the tables or the model have changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from tonearm import models
from tonearm.errors import UsageError
from tonearm.recommend.answers.search import read_names

if TYPE_CHECKING:
    from tonearm.lake import Lake
    from tonearm.recommend.answers.search import Names
    from tonearm.recommend.home import Home
    from tonearm.settings import Settings

    _Made = TypeVar("_Made")

_TABLES = ("tracks", "catalogue_tracks", "listening_with_features", "model_evaluations", "model_scores")
"""What recommendations depend on. Training writes the last two, by which a new model is noticed."""


class Recommending:
    """Names, and scores and reasons, of the newest version of a home; may be shared by threads."""

    def __init__(self, settings: Settings, lake: Lake) -> None:
        """Nothing is read yet."""
        self.settings, self._lake, self._lock = settings, lake, Lock()
        self._kept: dict[str, tuple[tuple[int | None, ...], Any]] = {}

    def names(self) -> Names:
        """For searching; raises UsageError where nothing was built yet, ExtraMissing without the models."""
        models.require()
        return self._newest("names", lambda: read_names(self.settings))

    def home(self) -> Home:
        """Scores and reasons; raises UsageError where there is no track yet, and ExtraMissing without the models."""
        models.require()
        # pandas and scipy take a second to load, which an API that recommends nothing need not wait for.
        from tonearm.recommend.home import open_home

        home = self._newest("home", lambda: open_home(self.settings))
        if not len(home.items):
            raise UsageError("there are no tracks yet: import a history or a catalogue, and build")
        return home

    def known(self, track_ids: Iterable[int]) -> tuple[int, ...]:
        """Those of the tracks that can be recommended from, in their order."""
        ids = set(self.home().items.track_id)
        return tuple(track for track in track_ids if track in ids)

    def _newest(self, name: str, make: Callable[[], _Made]) -> _Made:
        versions = tuple(self._lake.version(table) for table in _TABLES)
        with self._lock:
            if name not in self._kept or self._kept[name][0] != versions:
                self._kept[name] = versions, make()
            found: _Made = self._kept[name][1]
            return found
