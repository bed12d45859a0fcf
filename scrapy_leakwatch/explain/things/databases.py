"""What is on its way to a database."""

from __future__ import annotations

from typing import Any

from scrapy_leakwatch.explain.things.kind import ThingKind, of, says
from scrapy_leakwatch.foundation import anatomy

_OPERATIONS = ("InsertOne", "UpdateOne", "UpdateMany", "ReplaceOne", "DeleteOne")


def _is_mapped(obj: Any) -> bool:
    """Tell whether SQLAlchemy knows it: such classes need have no base in common."""
    state = anatomy.attribute(obj, "_sa_instance_state")
    return anatomy.inherits(state, "sqlalchemy.orm.state.InstanceState")


KINDS = (
    ThingKind(
        of(*(f"pymongo.operations.{name}" for name in (*_OPERATIONS, "DeleteMany"))),
        says("send them by bulk_write({where}), and clear() it, every thousand"),
    ),
    ThingKind(
        _is_mapped,
        says(
            "write them to the database and clear() {where} every thousand: add_all(),"
            " commit() and expunge_all() of the session"
        ),
    ),
    ThingKind(
        of("django.db.models.base.Model"),
        says("save them by bulk_create({where}), and clear() it, every thousand"),
    ),
)
