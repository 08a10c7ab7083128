"""The cards of the page Insights, a file for each group of questions; each card is made from what is known."""
