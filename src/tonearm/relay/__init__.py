"""Relays: forwards a listener's submissions to other services, in order and at their rate."""

from tonearm.relay.sender import RelayReport, run_due

__all__ = ["RelayReport", "run_due"]
