"""Gold: tables that answer a question a listener would ask."""
