"""``tonearm publish`` and ``tonearm publish trino``."""

from __future__ import annotations

from collections import Counter

import click

from tonearm.cli.command import Context, command, with_options
from tonearm.cli.website import publish_site


@click.group(
    epilog="""\b
Examples:
  tonearm publish site ~/website --listener ada --folder listening
  tonearm publish trino
""",
)
@with_options
def publish(context: Context) -> None:
    """Publish the page in a website's repository, or the tables in a Trino server."""


@command(
    name="trino",
    epilog="""\b
Examples:
  tonearm publish trino
  tonearm publish trino --server http://trino.example.org:8080 --location local:///music/lake
  TRINO_PASSWORD=… tonearm publish trino --server https://trino.example.org --user ada --catalog lake
""",
)
@click.option("--server", metavar="URL", help="Address of the server; else the setting trino_url.")
@click.option("--catalog", default="delta", show_default=True, help="Its catalog, of the connector delta_lake.")
@click.option("--schema", default="default", show_default=True, help="Schema of the catalog; made if it is not there.")
@click.option("--location", help="Where the server sees the lake; else the setting trino_location.")
@click.option("--user", default="tonearm", show_default=True, help="Who asks; the password is in TRINO_PASSWORD.")
def trino(context: Context, server: str | None, catalog: str, schema: str, location: str | None, user: str) -> None:
    """Register the lake's tables in a Trino server, so that SQL and dashboards read them there.

    A registered table shows every later build by itself; repeat the command when there are new tables. Those that left
    the lake are unregistered, and other tables of the schema stay as they are. Nothing is copied: the server reads the
    lake, which it has to see, as an address of an object store or in a folder of its catalog's.
    """
    from tonearm.engine.trino import Server, root_of
    from tonearm.engine.trino import publish as register
    from tonearm.lake import open_lake
    from tonearm.settings import credentials

    settings = context.settings
    password = credentials(settings.home).trino_password
    where = Server(server or settings.trino_url, catalog, schema, user, password)
    root = root_of(settings, location or settings.trino_location)
    changes = register(open_lake(settings.lake), root, where)
    if context.as_json:
        context.answer(changes)
        return
    counts = Counter(one.did for one in changes)
    if len(changes) > counts["unchanged"]:
        rows = [(one.table, one.did, one.location, one.was_at or None) for one in changes if one.did != "unchanged"]
        context.grid("", ("table", "", "location", "was at"), rows)
    context.say(f"{where.url}, {catalog}.{schema}: {', '.join(f'{n:,} {did}' for did, n in counts.items())}")


publish.add_command(publish_site)
publish.add_command(trino)
