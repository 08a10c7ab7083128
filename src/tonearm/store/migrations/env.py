"""What Alembic runs for each command; the connection is handed in by the caller."""

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
