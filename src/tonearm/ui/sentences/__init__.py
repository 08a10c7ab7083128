"""The sentences that answer a page's questions, each from the rows of one table."""
