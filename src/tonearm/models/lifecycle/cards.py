"""Model cards: what a model is for, how it was tested, how good it is and what it cannot do (Mitchell et al. 2019).

    python -m tonearm.models.lifecycle.cards HOME FOLDER

writes the card of every model that HOME has trained, with its pictures, over everybody: no listener is named.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tonearm.models import chosen
from tonearm.models.lifecycle.registry import Registry, Version, open_registry
from tonearm.models.lifecycle.training import evaluations
from tonearm.settings import Settings, load_settings

if TYPE_CHECKING:
    from tonearm.models.model import Model

_PICTURES = 3
_COLUMNS = ("metric", "value", "95 %", "n", "baseline", "gain, 95 %", "")
SPOTIFY = (
    "What came through the Spotify Web API is left out of what it learns from, because Spotify's developer terms "
    "forbid training on it; `TONEARM_TRAIN_ON_SPOTIFY_API=true` is the owner's own decision."
)


def card(model: Model, version: Version, measured: Sequence[dict[str, Any]], pictures: Sequence[str] = ()) -> str:
    """The card as Markdown; ``measured`` are rows of ``model_evaluations``, of which those over everybody are shown."""
    parts = [
        f"# {model.name}",
        model.summary,
        f"Registered as `{model.registered}`. Learns from {_listed(model.inputs)}; {version.rows:,} rows here.",
        f"**Has to beat**: {model.baseline}, by {_decided(model)}. {_verdict(version)}",
        *_tables([row for row in measured if row["listener"] is None]),
        *(f"![{_title(picture)}]({picture})" for picture in pictures),
        "## Limits",
        "\n".join(f"- {limit}" for limit in (*model.limits, SPOTIFY)),
    ]
    return "\n\n".join(parts) + "\n"


def _decided(model: Model) -> str:
    return ", ".join(
        f"`{one.metric}` of `{one.target}`" + (f" ({one.protocol})" if one.protocol else "") for one in model.decides
    )


def _verdict(version: Version) -> str:
    names = ", ".join(f"`{name}`" for name in version.serves)
    served = f"It serves {names}." if names else "The baseline is served in its place."
    return f"Measured: {version.decision}. {served}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"[`{name}`](../tables/{name}.md)" for name in names)


def _title(picture: str) -> str:
    return Path(picture).stem.replace("-", " ")


def _tables(measured: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A heading and a table for each target and protocol, in the order in which they were measured."""
    keys = list(dict.fromkeys((row["target"], row["protocol"]) for row in measured))
    for target, protocol in keys:
        rows = [_row(row) for row in measured if (row["target"], row["protocol"]) == (target, protocol)]
        lines = [_COLUMNS, ["---"] * len(_COLUMNS), *rows]
        yield f"## {target}: {protocol}"
        yield "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _row(row: dict[str, Any]) -> list[str]:
    return [
        f"**{row['metric']}**" if row["is_deciding"] else row["metric"],
        _number(row["value"]),
        _span(row["value_low"], row["value_high"]),
        f"{row['rows']:,}",
        _number(row["baseline_value"]),
        _span(row["gain_low"], row["gain_high"]),
        "better" if row["is_better"] else "",
    ]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _span(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{low:.3f} … {high:.3f}"


def write(settings: Settings, folder: Path) -> list[str]:
    """Write the cards of all models that were trained, and their pictures; the names of the models."""
    registry = open_registry(settings)
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for model in chosen(()):
        version = registry.in_use(model.registered)
        if version is not None:
            measured = evaluations(settings, model.name, version.version)
            pictures = _pictures(registry, version, folder, model.name)
            (folder / f"{model.name}.md").write_text(card(model, version, measured, pictures), encoding="utf-8")
            written.append(model.name)
    return written


def _pictures(registry: Registry, version: Version, folder: Path, name: str) -> list[str]:
    """Copies of the version's first pictures of calibration and of what was confused; their names."""
    suitable = [
        p for p in registry.plots(version) if p.stem.endswith(("calibration", "confusion", "predicted", "ranked"))
    ]
    first = sorted(suitable, key=lambda picture: int(picture.stem.split("-")[-2]))[:_PICTURES]
    named = {picture: f"{name}-{picture.name.replace(' ', '_')}" for picture in first}
    for picture, own in named.items():
        shutil.copy(picture, folder / own)
    return list(named.values())


if __name__ == "__main__":
    _, home, target = sys.argv
    sys.stdout.write("\n".join(write(load_settings(Path(home)), Path(target))) + "\n")
