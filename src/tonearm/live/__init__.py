"""Live: what a serving process does beside answering requests, from a submission to the page's tables.

:mod:`tonearm.live.worker` imports submissions within seconds and brings the tables that a page shows up to date;
:mod:`tonearm.live.schedule` does everything that is done at intervals.
"""
