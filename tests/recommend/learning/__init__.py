"""How much each signal counts."""
