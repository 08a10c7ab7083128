"""The life of a model: training, the registry, promotion, scoring, drift, and its card."""
