"""The scrobbling protocols: what clients send, read as submissions, and what they expect as an answer. No I/O."""
