"""What is written from the code, and what the package does not need: generated docs, shipped SQL, simulated traits."""
