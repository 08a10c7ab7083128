"""Relays: forwards a listener's submissions to other services, in order and at their rate."""
