"""How good recommendations are: public sets and one's own, split and ranked as in the literature."""
