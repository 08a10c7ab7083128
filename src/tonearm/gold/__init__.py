"""Gold: tables that answer a question a listener would ask."""

from tonearm.table import load_when_used

load_when_used("ibis")
