"""The life of a model: training, the registry, promotion, scoring, drift, and its card."""

from tonearm.models import require

require()
