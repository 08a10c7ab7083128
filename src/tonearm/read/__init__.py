"""Reading: tables now and in the past, and the documents that the API, the page and the export share."""
