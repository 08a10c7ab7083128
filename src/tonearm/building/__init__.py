"""Build: what to rebuild (a pure plan), how (the executor), and what must hold of a table before it is replaced."""
