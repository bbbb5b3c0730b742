"""Files kept by content: charts, documents, raw tables."""

from hashlib import sha256

from sqlmodel import Field, Session, SQLModel

from bot.store.insert import insert_new


class BlobRow(SQLModel, table=True):
    """Bytes under the SHA-256 of themselves."""

    __tablename__ = "blob"

    sha256: str = Field(primary_key=True)
    media_type: str
    content: bytes


def put(session: Session, content: bytes, media_type: str) -> str:
    """Keep `content` and return its SHA-256 in hex; the same bytes are kept once."""
    name = sha256(content).hexdigest()
    insert_new(
        session, BlobRow, {"sha256": name, "media_type": media_type, "content": content}, unique=("sha256",)
    )
    return name


def get(session: Session, name: str) -> bytes:
    """The bytes under this SHA-256; KeyError when there are none."""
    row = session.get(BlobRow, name)
    if row is None:
        raise KeyError(f"no blob {name}")
    return row.content
