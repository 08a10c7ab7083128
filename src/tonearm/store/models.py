"""SQLAlchemy models of the transactional store."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

HEAD = "0002"
"""Newest migration; defined here so that an up-to-date store opens without importing Alembic."""


class Base(DeclarativeBase):
    """Root of the store's models."""


class ListenerRow(Base):
    """A listener. ``name_key`` is the case-folded name, so that "Ada" and "ada" are one listener in any database."""

    __tablename__ = "listeners"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_key: Mapped[str] = mapped_column(String(192), unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
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
    given_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
