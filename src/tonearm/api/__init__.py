"""The HTTP API, the one way in for the page and for other programs."""
