"""Locks between processes: lock files that the operating system releases when a process ends."""

from __future__ import annotations

import contextlib
import datetime
import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from facerec_tf.core.chief import emit
from facerec_tf.core.errors import UserError

try:
    import fcntl
except ImportError:  # Windows.
    fcntl = None  # type: ignore[assignment]

#: Errors of file systems without locks, such as some network file systems.
_UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)

#: Bytes of a lock file that are read for a message.
_LONGEST = 4096


class FileLock:
    """An exclusive lock on a file, held by this process until `release` or the process's end.

    The lock belongs to the open file (`flock`), not to its content. Neither a crash nor a reboot
    leaves it behind. The content, host, process id and time as JSON, is for messages only.

    Attributes:
        path: The lock file.
        is_supported: False if the file system has no locks, so that nothing is locked.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        """Acquires the lock.

        Args:
            path: The lock file, which is created.

        Raises:
            LockedError: If another process, or another lock of this one, holds it.
            OSError: If the file cannot be created.
        """
        self.path = Path(path)
        self.is_supported = fcntl is not None
        self._file = self._acquire()

    def release(self) -> None:
        """Removes the lock file and releases the lock."""
        # While the lock is still held: later, the file may be the one of another process.
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Releases the lock and keeps the lock file."""
        os.close(self._file)

    def _acquire(self) -> int:
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                self._lock(file)
                if self._is_current(file):
                    os.ftruncate(file, 0)
                    os.write(file, _owner().encode())
                    return file
            except BaseException:
                os.close(file)
                raise
            os.close(file)  # The process that held it has removed the file meanwhile.

    def _lock(self, file: int) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(_describe(os.read(file, _LONGEST))) from None
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            self.is_supported = False

    def _is_current(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.path))
        except FileNotFoundError:
            return False


class LockedError(Exception):
    """A lock that another process holds; the message describes the process."""


@contextlib.contextmanager
def locked(path: str | os.PathLike, what: str) -> Iterator[None]:
    """Holds an exclusive lock during the block, so that no other process enters one on `path`.

    On a file system without locks, prints a warning and runs the block without one. On NFS, locks
    work between machines only if the server and the mount options support them.

    Args:
        path: The lock file. Its folder must exist.
        what: What the lock protects, for messages: "Run folder 'runs/mine'".

    Raises:
        UserError: If another process holds the lock; names the process, its host and the time at
            which it acquired the lock.
    """
    try:
        lock = FileLock(path)
    except LockedError as error:
        raise UserError(f"{what} is in use by {error}. Wait for it to end, or stop it.") from None
    except OSError as error:
        raise UserError(f"{what} cannot be locked: {error}.") from None
    if not lock.is_supported:
        emit(
            f"{what} is on a file system without locks: make sure that no other process uses it.",
            file=sys.stderr,
        )
    try:
        yield
    finally:
        lock.release()


def _owner() -> str:
    now = datetime.datetime.now().astimezone().isoformat(" ", "seconds")
    return json.dumps({"host": socket.gethostname(), "process": os.getpid(), "since": now}) + "\n"


def _describe(content: bytes) -> str:
    try:
        owner = json.loads(content)
        return f"process {owner['process']} on host {owner['host']} since {owner['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"  # It has not written its description yet.
