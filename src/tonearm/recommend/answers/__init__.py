"""Answers to requests: which tracks, in what order, with which reasons."""
