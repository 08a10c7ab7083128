"""Parts that learn from who heard what: one algorithm a file, each a :class:`~tonearm.recommend.part.Part`."""
