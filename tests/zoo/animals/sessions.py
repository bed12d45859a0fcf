"""A pipeline with a session of SQLAlchemy; importable only where that is installed."""

from __future__ import annotations

from sqlalchemy import String, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

from tests.zoo.animals.weights import Padded


class Base(DeclarativeBase):
    pass


class Page(Base):
    __tablename__ = "page"
    number: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String)
    text: Mapped[str] = mapped_column(String)


class PendingSession(Padded):
    name = "pending_session"


class Adding:
    """Adds each item to one session, to commit it at the end."""

    every = 0
    """Items after which it is committed; 0 for never."""

    def open_spider(self):
        engine = create_engine("sqlite:///pages.db")
        Base.metadata.create_all(engine)
        self.session = sessionmaker(bind=engine, autoflush=False)()
        self.added = 0

    def process_item(self, item):
        self.session.add(Page(**item))  # here: adds
        self.added += 1
        if self.every and self.added % self.every == 0:
            self.session.commit()
            self.session.expunge_all()
        return item

    def close_spider(self):
        self.session.rollback()
        self.session.close()
        self.session.bind.dispose()
