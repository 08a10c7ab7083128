"""Servers that speak the documented protocols of other services, with the faults that were seen in them."""
