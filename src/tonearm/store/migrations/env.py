"""Entry point of Alembic for each command; the caller provides the connection."""

from __future__ import annotations

from alembic import context

from tonearm.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
