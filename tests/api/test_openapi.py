"""Requests that schemathesis makes from the OpenAPI document, with an administrator's token: never a failure inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tonearm.api.app import create_app
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.tokens import create_token

schemathesis = pytest.importorskip("schemathesis")
EXAMPLES = 4
"""Requests of each operation and phase; a search at length is `--hypothesis-profile` and an hour."""
