"""``tonearm recommend evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tonearm.cli.command import SEED, Context, command, progress

if TYPE_CHECKING:
    from typing import Any

    from tonearm.recommend.evaluate.datasets import Dataset

_SHOWN = ("ndcg@10", "ndcg@100", "recall@20", "recall@50", "r_precision")


@command(
    epilog="""\b
Examples:
  tonearm recommend evaluate --path ~/hetrec2011-lastfm-2k
  tonearm recommend evaluate --path ~/hetrec2011-lastfm-2k --protocol strong --model als --json
  tonearm recommend evaluate --dataset listens --model neighbours
"""
)
@click.option(
    "--dataset",
    "dataset_name",
    default="hetrec2011",
    show_default=True,
    help="hetrec2011, mpd or msd; listens are the home's sessions; simulated.",
)
@click.option("--path", type=click.Path(path_type=Path), default=None, help="Folder that holds the dataset's files.")
@click.option("--protocol", default="weak", show_default=True, help="What is held out: weak, strong, three or unseen.")
@click.option("--model", "model_name", default="hybrid", show_default=True, help="Recommender to evaluate.")
@click.option("--seed", type=SEED, default=1, show_default=True, help="Of everything that is drawn by chance.")
def evaluate(context: Context, dataset_name: str, path: Path | None, protocol: str, model_name: str, seed: int) -> None:
    """Measure a recommender on a dataset: how well it ranks what listeners heard but it was not shown.

    weak: a fifth of everyone's items is held out. strong: listeners who are new to the recommender. three: the same,
    known by three items. unseen: items that nobody was known to have heard. Of the dataset `listens`, the home's own,
    sessions stand for listeners.
    """
    from tonearm.recommend.evaluate import datasets

    folder = path or Path(context.settings.lake if dataset_name == "listens" else ".")
    dataset = datasets.load(dataset_name, folder)
    found = {"dataset": dataset_name, "protocol": protocol, "model": model_name}
    found |= _measured(context, dataset, protocol, model_name, seed)
    if context.as_json:
        context.answer(found)
    else:
        _show(context, found)


def _measured(context: Context, dataset: Dataset, protocol: str, model_name: str, seed: int) -> dict[str, Any]:
    """The figures and the seconds they took, while a person sees how many splits are done."""
    import time

    from tonearm.recommend.evaluate.run import evaluate as run_evaluation
    from tonearm.recommend.evaluate.run import figures, model_of

    begun = time.perf_counter()
    with progress(context) as shown:
        task = shown.add_task(f"{model_name}, {protocol}", total=None, count="") if shown else None

        def show_progress(done: int) -> None:
            if shown and task is not None:
                shown.update(task, count=f"{done} splits")

        found = run_evaluation(dataset, protocol, model_of(model_name, dataset), seed, show_progress)
    return {**figures(found, seed), "seconds": round(time.perf_counter() - begun, 2)}


def _show(context: Context, found: dict[str, Any]) -> None:
    rows = [[name, f"{found[name]:.3f}", "{:.3f} to {:.3f}".format(*found["intervals"][name])] for name in _SHOWN]
    whole = ("coverage@10", "popularity_lift")
    rows += [[name, "–" if found[name] is None else f"{found[name]:.3f}", "–"] for name in whole]
    title = f"{found['model']} on {found['dataset']}, {found['protocol']}"
    context.grid(title, ["metric", "value", "95 % interval"], rows, "lrr")
    context.say(f"{found['n']:,} listeners, seed {found['seed']}, {found['seconds']} s")
