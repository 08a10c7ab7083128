"""Requests that schemathesis makes from the OpenAPI document, with an administrator's token: never a failure inside."""

from __future__ import annotations

import pytest

schemathesis = pytest.importorskip("schemathesis")
EXAMPLES = 4
"""Requests of each operation and phase; a search at length is `--hypothesis-profile` and an hour."""
