"""Pictures of held-out predictions, kept with each version: did they come true?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from tonearm.models.evaluate import calibration

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.axes import Axes

    from tonearm.models.model import HeldOut

    Numbers = npt.NDArray[np.float64]

MODEL, BASELINE, GUIDE = "#0072b2", "#d55e00", "#999999"
"""Colours that are distinct to the colour-blind, too (Okabe and Ito 2008)."""
_INCHES = (4.6, 3.6)
_MARGINS = {"left": 0.14, "right": 0.97, "bottom": 0.14, "top": 0.9}
_FOR_NAMES = {"left": 0.25, "right": 0.97, "bottom": 0.26, "top": 0.9}
"""Room for names beside the axes, set by hand: a layout that finds it itself takes nearly twice as long."""


def plots(held: HeldOut) -> Mapping[str, Figure]:
    """The pictures that suit the task, by name."""
    if held.task == "binary":
        return {"roc": _roc(held), "precision-recall": _precision_recall(held), "calibration": _calibration(held)}
    if held.task == "classes":
        return {"confusion": _confusion(held)}
    if held.task == "rank":
        return {"ranked": _ranked(held)}
    return {"predicted": _predicted(held)}


def _axes(title: str, x: str, y: str, margins: Mapping[str, float] = _MARGINS) -> tuple[Figure, Axes]:
    figure = Figure(figsize=_INCHES, dpi=110)
    axes = figure.subplots(gridspec_kw=dict(margins))
    axes.set(xlabel=x, ylabel=y)
    axes.set_title(title, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _title(held: HeldOut) -> str:
    return f"{held.target}, {held.protocol} (n {len(held.actual):,})"


def _roc(held: HeldOut) -> Figure:
    figure, axes = _axes(_title(held), "false positives, share", "found, share")
    axes.plot([0, 1], [0, 1], color=GUIDE, linewidth=1, linestyle=":")
    for name, predicted, colour, line in _both(held):
        false, true, _ = roc_curve(held.actual, predicted)
        axes.plot(false, true, line, color=colour, label=name)
    axes.legend(frameon=False)
    return figure


def _precision_recall(held: HeldOut) -> Figure:
    figure, axes = _axes(_title(held), "found, share", "of those named, right, share")
    axes.axhline(float(held.actual.mean()), color=GUIDE, linewidth=1, linestyle=":")
    for name, predicted, colour, line in _both(held):
        precision, recall, _ = precision_recall_curve(held.actual, predicted)
        axes.plot(recall, precision, line, color=colour, label=name)
    axes.legend(frameon=False)
    return figure


def _both(held: HeldOut) -> list[tuple[str, Numbers, str, str]]:
    return [("model", held.predicted, MODEL, "-"), ("baseline", held.baseline, BASELINE, "--")]


def _calibration(held: HeldOut) -> Figure:
    figure, axes = _axes(_title(held), "predicted", "happened")
    groups = calibration(held)
    most = max(max(predicted, happened) for predicted, happened, _ in groups) * 1.05 or 1.0
    axes.plot([0, most], [0, most], color=GUIDE, linewidth=1, linestyle=":")
    axes.plot([predicted for predicted, _, _ in groups], [happened for _, happened, _ in groups], "o-", color=MODEL)
    return figure


def _confusion(held: HeldOut) -> Figure:
    labels = list(range(held.predicted.shape[1]))
    shares = confusion_matrix(held.actual, held.predicted.argmax(axis=1), labels=labels, normalize="true")
    figure, axes = _axes(_title(held), "predicted", "was", _FOR_NAMES)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = held.classes or tuple(map(str, labels))
    axes.set_xticks(labels, names, rotation=30, ha="right", fontsize=8)
    axes.set_yticks(labels, names, fontsize=8)
    for row in labels:
        for column in labels:
            share = shares[row, column]
            axes.text(column, row, f"{share:.2f}", ha="center", va="center", color="white" if share > 0.5 else "black")
    return figure


def _ranked(held: HeldOut) -> Figure:
    """How many of the lists are how good: the higher line has more good ones."""
    figure, axes = _axes(_title(held), "NDCG, at least", "of the lists, share")
    share = np.linspace(1, 0, len(held.predicted))
    for name, gains, colour, line in _both(held):
        axes.plot(np.sort(gains), share, line, color=colour, label=name)
    axes.legend(frameon=False)
    return figure


def _predicted(held: HeldOut) -> Figure:
    figure, axes = _axes(_title(held), "predicted", "was")
    low, high = float(held.actual.min()), float(held.actual.max())
    axes.plot([low, high], [low, high], color=GUIDE, linewidth=1, linestyle=":")
    axes.hexbin(held.predicted, held.actual, gridsize=35, cmap="Blues", mincnt=1, bins="log")
    return figure
