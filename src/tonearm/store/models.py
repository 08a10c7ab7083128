"""SQLAlchemy models of the transactional store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

HEAD = "0003"
"""Newest migration; defined here so that an up-to-date store opens without importing Alembic."""


class Base(DeclarativeBase):
    """Root of the store's models."""


class Instant(TypeDecorator[datetime]):
    """An instant, which is UTC on both sides: SQLite keeps no zone, and PostgreSQL answers in the session's."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """In UTC, whatever its zone."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """With its zone, UTC."""
        return None if value is None else value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Number = BigInteger().with_variant(Integer, "sqlite")
"""A row's own number of 64 bits: SQLite numbers rows by itself only where the column is an INTEGER."""


def _of_listener(**options: Any) -> Mapped[int]:
    """The listener whose row this is; deleting the listener deletes it."""
    return mapped_column(ForeignKey("listeners.id", ondelete="CASCADE"), **options)


class ListenerRow(Base):
    """A listener. ``name_key`` is the case-folded name, so that "Ada" and "ada" are one listener in any database."""

    __tablename__ = "listeners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(String(192), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    zones: Mapped[list[ZoneRow]] = relationship(
        order_by="ZoneRow.from_at", cascade="all, delete-orphan", lazy="selectin"
    )


class ZoneRow(Base):
    """A listener's IANA zone from a local day on."""

    __tablename__ = "listener_zones"

    listener_id: Mapped[int] = mapped_column(ForeignKey("listeners.id", ondelete="CASCADE"), primary_key=True)
    from_at: Mapped[date] = mapped_column(Date, primary_key=True)
    zone: Mapped[str] = mapped_column(String(64))


class FeedbackRow(Base):
    """What a listener thinks of a track or an artist, or that they skipped it."""

    __tablename__ = "feedback"

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int] = mapped_column(ForeignKey("listeners.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(1024))
    given_at: Mapped[datetime] = mapped_column(Instant)


class TokenRow(Base):
    """A token of a listener, by its hash."""

    __tablename__ = "tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int] = _of_listener(index=True)
    name: Mapped[str] = mapped_column(String(64))
    """What it is for, such as the player that uses it."""
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(16))
    """How the token begins, by which its owner recognises it."""
    scopes: Mapped[str] = mapped_column(String(64))
    """Any of read, submit and admin, separated by spaces."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class ScrobblePasswordRow(Base):
    """The MD5 of a listener's scrobble password, which the older protocols need to check what clients send."""

    __tablename__ = "scrobble_passwords"

    listener_id: Mapped[int] = _of_listener(primary_key=True)
    md5: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant)


class ScrobbleSessionRow(Base):
    """A session of a Last.fm or AudioScrobbler client, by the hash of its key; it survives restarts."""

    __tablename__ = "scrobble_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int | None] = _of_listener(index=True)
    """None for a token of ``auth.getToken`` that nobody has authorised yet."""
    token_id: Mapped[int | None] = mapped_column(ForeignKey("tokens.id", ondelete="CASCADE"))
    """The token that opened it in place of the password, and without which it opens nothing."""
    protocol: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    client: Mapped[str | None] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)


class SubmissionRow(Base):
    """A listen that a client submitted, until it is in bronze. Numbers are never used again."""

    __tablename__ = "submissions"
    __table_args__ = (
        Index("ix_submissions_listener_id_listened_s", "listener_id", "listened_s"),
        Index("ix_submissions_batch", "batch"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    listener_id: Mapped[int] = _of_listener()
    protocol: Mapped[str] = mapped_column(String(16))
    received_at: Mapped[datetime] = mapped_column(Instant)
    listened_s: Mapped[float | None] = mapped_column(Float)
    """Seconds since 1970 of the listen's start, as submitted; None for a row that has none."""
    body: Mapped[str] = mapped_column(Text)
    """One listen as ListenBrainz has it in JSON; of a refused row, what was submitted."""
    reason: Mapped[str | None] = mapped_column(String(256))
    """Why it is rejected; None for a good one."""
    batch: Mapped[int | None] = mapped_column(BigInteger)
    """Number of the import that it is part of: its first submission; None before one."""


class PlayingRow(Base):
    """What a listener is hearing now, as a player reported it."""

    __tablename__ = "playing_now"

    listener_id: Mapped[int] = _of_listener(primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    """A listen as ListenBrainz has it, without its instant."""
    reported_at: Mapped[datetime] = mapped_column(Instant)
    until_at: Mapped[datetime] = mapped_column(Instant)
    """When it is over, or no longer believed."""


class LoveRow(Base):
    """A track that a listener loves or hates, by the names that a client gave; perhaps it was never heard."""

    __tablename__ = "loves"
    __table_args__ = (Index("ix_loves_listener_id_track_key", "listener_id", "track_key", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int] = _of_listener()
    track_key: Mapped[str] = mapped_column(String(64))
    """Hash of what identifies the track: its names, else the id that was given."""
    artist_name: Mapped[str | None] = mapped_column(String(1024))
    track_name: Mapped[str | None] = mapped_column(String(1024))
    recording_mbid: Mapped[str | None] = mapped_column(String(36))
    recording_msid: Mapped[str | None] = mapped_column(String(36))
    score: Mapped[int] = mapped_column(Integer)
    """1 for love, -1 for hate."""
    given_at: Mapped[datetime] = mapped_column(Instant)


class RelayRow(Base):
    """Where a listener's submissions are forwarded to. The token or session key is in the file of secrets.

    Numbers are never used again, so that no relay finds the token of another.
    """

    __tablename__ = "relays"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int] = _of_listener(index=True)
    kind: Mapped[str] = mapped_column(String(16))
    """listenbrainz, lastfm or tonearm."""
    url: Mapped[str] = mapped_column(String(512))
    account: Mapped[str] = mapped_column(String(128))
    """Name of the listener there."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    paused_at: Mapped[datetime | None] = mapped_column(Instant)
    """Since when it waits for its owner, for example for a new token; None while it works."""
    retry_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the next attempt is due; None for at once."""
    failures: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Attempts that failed since the last success."""
    problem: Mapped[str | None] = mapped_column(String(512))
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    """Until when one process alone sends; None while none does."""
    playing_sent_at: Mapped[datetime] = mapped_column(Instant)
    """When what is playing was last passed on."""
    sent: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    """Listens that the other side acknowledged."""


class RelayedRow(Base):
    """A submission that waits to be forwarded, or was refused by the other side; what was sent is removed."""

    __tablename__ = "relay_queue"
    __table_args__ = (Index("ix_relay_queue_relay_id_id", "relay_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    relay_id: Mapped[int] = mapped_column(ForeignKey("relays.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """How often it was sent without a clear answer; with any, the other side is asked before it is sent again."""
    refused: Mapped[str | None] = mapped_column(String(512))
    """Why the other side refused it for good; None while it waits."""


class RelayKnownRow(Base):
    """A play that was queued for a relay lately, so that it is not forwarded again when it comes again."""

    __tablename__ = "relay_known"

    relay_id: Mapped[int] = mapped_column(ForeignKey("relays.id", ondelete="CASCADE"), primary_key=True)
    track_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Hash of its folded names."""
    listened_s: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Second since 1970 of its start."""
    queued_at: Mapped[datetime] = mapped_column(Instant, index=True)


class SongRow(Base):
    """A track that somebody added by hand or that Spotify's library brought, beside those of the lake."""

    __tablename__ = "songs"

    id: Mapped[int] = mapped_column(primary_key=True)
    own_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    """Hash of its names without what spellings differ in, so that no song is added twice."""
    track_name: Mapped[str] = mapped_column(String(1024))
    artist_name: Mapped[str] = mapped_column(String(1024))
    album_name: Mapped[str | None] = mapped_column(String(1024))
    spotify_id: Mapped[str | None] = mapped_column(String(22), index=True)
    recording_mbid: Mapped[str | None] = mapped_column(String(36))
    genre: Mapped[str | None] = mapped_column(String(128))
    duration_s: Mapped[float | None] = mapped_column(Float)
    source: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class PlaylistRow(Base):
    """A listener's playlist, made by hand or imported."""

    __tablename__ = "playlists"
    __table_args__ = (Index("ix_playlists_of_source", "listener_id", "source", "source_id", unique=True),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    """A UUID, which ListenBrainz calls the playlist's MBID."""
    listener_id: Mapped[int] = _of_listener()
    title: Mapped[str] = mapped_column(String(256))
    description: Mapped[str | None] = mapped_column(Text)
    is_public: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    source: Mapped[str] = mapped_column(String(32))
    source_id: Mapped[str | None] = mapped_column(String(64))
    """Id of the playlist where it was imported from."""
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    tracks: Mapped[list[PlaylistTrackRow]] = relationship(
        order_by="PlaylistTrackRow.position", cascade="all, delete-orphan", lazy="selectin"
    )


class PlaylistTrackRow(Base):
    """One track of a playlist, from position 0."""

    __tablename__ = "playlist_tracks"

    playlist_id: Mapped[str] = mapped_column(ForeignKey("playlists.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    track_id: Mapped[int | None] = mapped_column(BigInteger)
    """In the lake; None for a track that it does not have."""
    artist_name: Mapped[str] = mapped_column(String(1024))
    track_name: Mapped[str] = mapped_column(String(1024))
    album_name: Mapped[str | None] = mapped_column(String(1024))
    spotify_id: Mapped[str | None] = mapped_column(String(22))
    recording_mbid: Mapped[str | None] = mapped_column(String(36))
    duration_s: Mapped[float | None] = mapped_column(Float)
    added_at: Mapped[datetime] = mapped_column(Instant)


class SettingRow(Base):
    """Something that was set while tonearm runs, as JSON, of the household or (``NAME:listener``) of a listener."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class ConnectionRow(Base):
    """A service from which a listener's history is pulled. Secrets are in the file of secrets.

    Numbers are never used again, so that a pull under way never stores for another listener.
    """

    __tablename__ = "connections"
    __table_args__ = (
        Index("ix_connections_listener_id_kind", "listener_id", "kind", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    listener_id: Mapped[int] = _of_listener()
    kind: Mapped[str] = mapped_column(String(16))
    """spotify, lastfm or listenbrainz."""
    account: Mapped[str] = mapped_column(String(128))
    """Name of the listener there."""
    cursor: Mapped[str | None] = mapped_column(Text)
    """How far pulls have come, as JSON of the service's own terms."""
    connected_at: Mapped[datetime] = mapped_column(Instant)
    pulled_at: Mapped[datetime | None] = mapped_column(Instant)
    retry_at: Mapped[datetime | None] = mapped_column(Instant)
    """When the service may be asked again; None for at any time."""
    problem: Mapped[str | None] = mapped_column(String(512))
    """Why the last pull stopped early; None if it did not."""


class UnmeasuredRow(Base):
    """A track of which a service knew no audio features when it was asked, so that it is not asked again soon."""

    __tablename__ = "unmeasured_tracks"

    spotify_id: Mapped[str] = mapped_column(String(22), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(Instant)


class ScheduleRow(Base):
    """A job that is done at intervals."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(String(96), primary_key=True)
    """The job, such as ``run``, or ``sync:ada``."""
    every_s: Mapped[float] = mapped_column(Float)
    due_at: Mapped[datetime] = mapped_column(Instant)
    is_paused: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())


class JobRow(Base):
    """One pass of a scheduled job, for its visible history."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_name_started_at", "name", "started_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(96))
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    """None for one under way, or whose process was killed."""
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    """Until when nobody else may start the job; its process moves this on while it lives. None once it has ended."""
    outcome: Mapped[str | None] = mapped_column(String(16))
    """done, failed or interrupted."""
    message: Mapped[str | None] = mapped_column(String(1024))


class ForecastRow(Base):
    """A prediction that was served, kept before its outcome is known, and scored when it is."""

    __tablename__ = "forecasts"
    __table_args__ = (
        Index("ix_forecasts_model_due_at", "model", "due_at"),
        Index("ix_forecasts_once", "listener_id", "model", "subject", "due_at", unique=True),
    )

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    listener_id: Mapped[int] = _of_listener()
    model: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(64))
    served_by: Mapped[str] = mapped_column(String(64))
    """The model, or the baseline that answered in its place."""
    subject: Mapped[str] = mapped_column(String(128))
    """What it is about, such as an hour or an artist."""
    made_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant)
    """When the outcome is known."""
    predicted: Mapped[float] = mapped_column(Float)
    baseline: Mapped[float | None] = mapped_column(Float)
    """What the baseline predicted of the same."""
    outcome: Mapped[float | None] = mapped_column(Float)
    scored_at: Mapped[datetime | None] = mapped_column(Instant)


class AuditRow(Base):
    """Something that an administrator did."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Number, primary_key=True)
    done_at: Mapped[datetime] = mapped_column(Instant, index=True)
    who: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(256))
