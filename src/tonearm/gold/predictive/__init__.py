"""What next: what the served models, or the baselines in their place, foretell, and how good they are."""
