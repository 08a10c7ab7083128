"""The serving process's own work: submissions into bronze, tables kept fresh, the schedule."""
