"""Tests of what stands around the lake in a deployment, each server started for real: make test-stack."""
