"""Pictures for other people's pages: cards and grids as SVG, and the same as PNG. They are made of numbers alone."""
