"""A folder that is written once per test session, however many pytest-xdist workers use it."""

import fcntl
import os


def shared_folder(tmp_path_factory, name, write):
    """Returns a folder that `write(folder)` filled, in this worker or in another one.

    The first worker that needs the folder writes it; the others wait for it, as pytest-xdist
    documents ("Making session-scoped fixtures execute only once"). Tests must not change it.

    Args:
        tmp_path_factory: pytest's fixture.
        name: Name of the folder, unique in the session.
        write: Function that creates and fills the folder whose path it receives. The path is the
            final one, so files may refer to it.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent  # The workers' folders are side by side in the session's.
    folder, done = root / "shared" / name, root / "shared" / f"{name}.done"
    folder.parent.mkdir(exist_ok=True)
    with open(folder.parent / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            # A folder without the mark is of a worker that failed; its error is reported there.
            assert not folder.exists(), f"{folder} could not be written by another test"
            write(folder)
            done.touch()
    return folder
