"""Documents: what the page shows, as JSON. One file for each kind of page; all read a :class:`history.History`."""
