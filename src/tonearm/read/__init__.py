"""Reading: tables as they stand or stood, and the documents that the API, the page and the export share."""
