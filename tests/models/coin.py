"""A model small enough to check by hand: the chance of heads of each coin, beside that of all coins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from tonearm.errors import NotEnoughData
from tonearm.models.evaluate import grouped
from tonearm.models.model import SEED, Decision, HeldOut


@dataclass(frozen=True)
class FittedCoin:
    """The share of heads of each coin."""

    share: dict[str, float]
    everywhere: float

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        share = [self.share.get(str(coin), self.everywhere) for coin in records.get("coin", [None] * len(records))]
        return pd.DataFrame({"probability": share})

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        return pd.DataFrame({"probability": [self.everywhere] * len(records)})

    def scores(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        rows = [{"subject": "coin", "quantity": coin, "score": share} for coin, share in self.share.items()]
        return pd.DataFrame(rows).assign(baseline_score=self.everywhere)

    def save(self, folder: Path) -> None:
        (folder / "coin.json").write_text(json.dumps([self.share, self.everywhere]))


@dataclass(frozen=True)
class Coin:
    """Fair as the data says."""

    bias: float = 0.9
    tosses: int = 400

    name = "coin"
    registered = "coin_model"
    summary = "Whether a coin shows heads."
    has_threshold = False
    inputs = ("listens",)
    baseline = "all coins' share"
    decides = (Decision("heads", "log_loss"),)
    belongs = ()
    limits = ("Knows no dice.",)

    def examples(self, tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
        if self.tosses < 20:
            raise NotEnoughData(self.name, f"are {self.tosses} tosses", "20 tosses")
        rng = np.random.default_rng(3)
        coin = np.array(["a", "b"])[rng.integers(0, 2, self.tosses)]
        heads = rng.random(self.tosses) < np.where(coin == "a", self.bias, 1 - self.bias)
        return pd.DataFrame({"coin": coin, "heads": heads.astype(int), "day": np.arange(self.tosses) // 10})

    def held_out(self, examples: pd.DataFrame, seed: int = SEED) -> list[HeldOut]:
        fold = grouped(examples["day"].to_numpy(), 5, seed)
        predicted, baseline = np.zeros(len(examples)), np.zeros(len(examples))
        for k in range(5):
            fitted = self.fit(examples[fold != k], seed)
            predicted[fold == k] = fitted.predict(examples[fold == k])["probability"]
            baseline[fold == k] = fitted.everywhere
        actual, day = examples["heads"].to_numpy(), examples["day"].to_numpy()
        return [HeldOut("heads", "grouped by day", "binary", actual, predicted, baseline, day)]

    def fit(self, examples: pd.DataFrame, seed: int = SEED) -> FittedCoin:
        share = examples.groupby("coin")["heads"].mean()
        return FittedCoin({str(k): float(v) for k, v in share.items()}, float(examples["heads"].mean()))

    def load(self, folder: Path) -> FittedCoin:
        return FittedCoin(*json.loads((folder / "coin.json").read_text()))
