"""How Alembic reaches the ledger: on the connection that opening it already holds."""

from __future__ import annotations

from alembic import context

from narvaro.ledger.tables import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
context.run_migrations()
