"""Files of a store: written aside and renamed, locked against a second writer, errors in one clear line.

A session is one process at work on a store. Its chunks lie in a folder of its own under `.chunks`; a worker
left over from an earlier session finds that folder gone and can do no harm.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import lock_descriptor, unlock_descriptor

from model.errors import GridrushError

CHUNKS, LOCK, STOP, ASIDE = ".chunks", ".lock", "stop", ".aside"
COMPRESSION = "zstd"


class StoreError(GridrushError):
    """A store that cannot be written, is in use, is damaged, or belongs to another study."""


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Say in one line that the store cannot be written, and why."""
    try:
        yield
    except OSError as error:
        raise StoreError(why_not_written(folder, error)) from None


def why_not_written(folder: Path, error: OSError) -> str:
    """Return the line for a failure to write."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return (
            f"{folder}: no room to write ({reason}); what was finished is safe: "
            "make room and go on with --resume"
        )
    return f"cannot write to {folder}: {reason}"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the store for one process; the lock falls with the process, however that ends."""
    with told(folder):
        handle = (folder / LOCK).open("ab+", buffering=0)
    with handle:
        with told(folder):
            if not lock_descriptor(handle.fileno(), blocking=False):
                raise StoreError(f"{folder}: in use by {_holder(handle)}")
        handle.truncate(0)
        # Windows lets nobody else read the byte that is locked, the first; the name stands behind it.
        handle.write(f"\nprocess {os.getpid()} on {socket.gethostname()}".encode())
        try:
            yield
        finally:
            handle.truncate(0)
            unlock_descriptor(handle.fileno())


def is_locked(folder: Path) -> bool:
    """Return whether some process is at work on the store."""
    path = folder / LOCK
    # Shared folders ask for the right to write before they lock; a store may also be only readable.
    mode = "rb+" if os.access(path, os.W_OK) else "rb"
    try:
        with path.open(mode, buffering=0) as handle:
            return not lock_descriptor(handle.fileno(), blocking=False)
    except OSError:
        return False


def _holder(handle: IO[bytes]) -> str:
    handle.seek(1)
    return handle.read().decode().strip() or "another process"


def aside(path: Path) -> Path:
    """Return a name nobody reads, in the folder of the file it will become."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{ASIDE}")


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Give a file to write, and rename it to `path` once it is whole and on disk."""
    other = aside(path)
    try:
        yield other
        with other.open("rb+") as handle:
            os.fsync(handle.fileno())
        other.replace(path)
    finally:
        with suppress(OSError):
            other.unlink(missing_ok=True)


def put_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replaced(path) as other:
        other.write_text(text, encoding="utf-8")


def put_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    put_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def put_table(
    table: pd.DataFrame, folder: Path, session: str, chunk: str, name: str, schema: pa.Schema | None = None
) -> None:
    """Write a table of a chunk into the session's folder."""
    path = folder / CHUNKS / session / f"{chunk}.{name}.parquet"
    try:
        with replaced(path) as other:
            arrow = pa.Table.from_pandas(table, schema=schema, preserve_index=False)
            pq.write_table(arrow.replace_schema_metadata(None), other, compression=COMPRESSION)
    except OSError as error:
        raise StoreError(why_not_written(folder, error)) from None


def session_alive(folder: Path, session: str) -> bool:
    """Return whether the session still takes chunks."""
    return (folder / CHUNKS / session).is_dir()


def stop_requested(folder: Path, session: str) -> bool:
    """Return whether the session wants its workers to stop after the run at hand."""
    place = folder / CHUNKS / session
    return (place / STOP).exists() or not place.is_dir()


def sync_folder(folder: Path) -> None:
    """Bring renames in a folder to disk."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
