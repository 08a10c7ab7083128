"""Tokens, live submissions, relays, songs, playlists, connections, schedules and forecasts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("done_at", AT, nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(256), nullable=False),
    )
    op.create_index("ix_audit_done_at", "audit", ["done_at"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(96), nullable=False),
        sa.Column("started_at", AT, nullable=False),
        sa.Column("ended_at", AT),
        sa.Column("lease_until", AT),
        sa.Column("outcome", sa.String(16)),
        sa.Column("message", sa.String(1024)),
    )
    op.create_index("ix_jobs_name_started_at", "jobs", ["name", "started_at"])
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(96), primary_key=True),
        sa.Column("every_s", sa.Float, nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("is_paused", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
    )
    op.create_table(
        "unmeasured_tracks",
        sa.Column("spotify_id", sa.String(22), primary_key=True),
        sa.Column("asked_at", AT, nullable=False),
    )
    op.create_table(
        "songs",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("own_id", sa.BigInteger, nullable=False, unique=True),
        sa.Column("track_name", sa.String(1024), nullable=False),
        sa.Column("artist_name", sa.String(1024), nullable=False),
        sa.Column("album_name", sa.String(1024)),
        sa.Column("spotify_id", sa.String(22)),
        sa.Column("recording_mbid", sa.String(36)),
        sa.Column("genre", sa.String(128)),
        sa.Column("duration_s", sa.Float),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
    )
    op.create_index("ix_songs_spotify_id", "songs", ["spotify_id"])
    op.create_table(
        "connections",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("cursor", sa.Text),
        sa.Column("connected_at", AT, nullable=False),
        sa.Column("pulled_at", AT),
        sa.Column("retry_at", AT),
        sa.Column("problem", sa.String(512)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_connections_listener_id_kind", "connections", ["listener_id", "kind"], unique=True)
    op.create_table(
        "forecasts",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), nullable=False),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("served_by", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(128), nullable=False),
        sa.Column("made_at", AT, nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("predicted", sa.Float, nullable=False),
        sa.Column("baseline", sa.Float),
        sa.Column("outcome", sa.Float),
        sa.Column("scored_at", AT),
    )
    op.create_index("ix_forecasts_model_due_at", "forecasts", ["model", "due_at"])
    op.create_index("ix_forecasts_once", "forecasts", ["listener_id", "model", "subject", "due_at"], unique=True)
    op.create_table(
        "loves",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), nullable=False),
        sa.Column("track_key", sa.String(64), nullable=False),
        sa.Column("artist_name", sa.String(1024)),
        sa.Column("track_name", sa.String(1024)),
        sa.Column("recording_mbid", sa.String(36)),
        sa.Column("recording_msid", sa.String(36)),
        sa.Column("score", sa.Integer, nullable=False),
        sa.Column("given_at", AT, nullable=False),
    )
    op.create_index("ix_loves_listener_id_track_key", "loves", ["listener_id", "track_key"], unique=True)
    op.create_table(
        "playing_now",
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("reported_at", AT, nullable=False),
        sa.Column("until_at", AT, nullable=False),
    )
    op.create_table(
        "playlists",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), nullable=False),
        sa.Column("title", sa.String(256), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("is_public", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("source_id", sa.String(64)),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("updated_at", AT, nullable=False),
    )
    op.create_index("ix_playlists_of_source", "playlists", ["listener_id", "source", "source_id"], unique=True)
    op.create_table(
        "relays",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("url", sa.String(512), nullable=False),
        sa.Column("account", sa.String(128), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("paused_at", AT),
        sa.Column("retry_at", AT),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.Column("problem", sa.String(512)),
        sa.Column("lease_until", AT),
        sa.Column("playing_sent_at", AT, nullable=False),
        sa.Column("sent", sa.BigInteger, nullable=False, server_default="0"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_relays_listener_id", "relays", ["listener_id"])
    op.create_table(
        "scrobble_passwords",
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("md5", sa.String(32), nullable=False),
        sa.Column("created_at", AT, nullable=False),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("hint", sa.String(16), nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("expires_at", AT),
        sa.Column("used_at", AT),
        sa.Column("revoked_at", AT),
    )
    op.create_index("ix_tokens_listener_id", "tokens", ["listener_id"])
    op.create_table(
        "scrobble_sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE")),
        sa.Column("token_id", sa.Integer, sa.ForeignKey("tokens.id", ondelete="CASCADE")),
        sa.Column("protocol", sa.String(16), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("client", sa.String(128)),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("used_at", AT),
    )
    op.create_index("ix_scrobble_sessions_listener_id", "scrobble_sessions", ["listener_id"])
    op.create_table(
        "submissions",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("listener_id", sa.Integer, sa.ForeignKey("listeners.id", ondelete="CASCADE"), nullable=False),
        sa.Column("protocol", sa.String(16), nullable=False),
        sa.Column("received_at", AT, nullable=False),
        sa.Column("listened_s", sa.Float),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("reason", sa.String(256)),
        sa.Column("batch", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_submissions_batch", "submissions", ["batch"])
    op.create_index("ix_submissions_listener_id_listened_s", "submissions", ["listener_id", "listened_s"])
    op.create_table(
        "playlist_tracks",
        sa.Column("playlist_id", sa.String(36), sa.ForeignKey("playlists.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("track_id", sa.BigInteger),
        sa.Column("artist_name", sa.String(1024), nullable=False),
        sa.Column("track_name", sa.String(1024), nullable=False),
        sa.Column("album_name", sa.String(1024)),
        sa.Column("spotify_id", sa.String(22)),
        sa.Column("recording_mbid", sa.String(36)),
        sa.Column("duration_s", sa.Float),
        sa.Column("added_at", AT, nullable=False),
    )
    op.create_table(
        "relay_queue",
        sa.Column("id", NUMBER, primary_key=True),
        sa.Column("relay_id", sa.Integer, sa.ForeignKey("relays.id", ondelete="CASCADE"), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("queued_at", AT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("refused", sa.String(512)),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_relay_queue_relay_id_id", "relay_queue", ["relay_id", "id"])
    op.create_table(
        "relay_known",
        sa.Column("relay_id", sa.Integer, sa.ForeignKey("relays.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("track_key", sa.String(64), primary_key=True),
        sa.Column("listened_s", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("queued_at", AT, nullable=False),
    )
    op.create_index("ix_relay_known_queued_at", "relay_known", ["queued_at"])


def downgrade() -> None:
    """Drop the tables."""
    for name in (
        "relay_known",
        "relay_queue",
        "playlist_tracks",
        "submissions",
        "scrobble_sessions",
        "tokens",
        "scrobble_passwords",
        "relays",
        "playlists",
        "playing_now",
        "loves",
        "forecasts",
        "connections",
        "songs",
        "unmeasured_tracks",
        "settings",
        "schedules",
        "jobs",
        "audit",
    ):
        op.drop_table(name)
