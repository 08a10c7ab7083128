"""The pages, each a function ``page`` that draws it."""
