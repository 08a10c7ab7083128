"""The pass: ingest, build, predict and publish, recorded as one Run."""
