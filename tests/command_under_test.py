"""A command that fails as its arguments after `--` say; see test_command.py."""

import os
import signal
import threading
import time

from facerec_tf.command import run
from facerec_tf.core.errors import DataError


def full_disk():
    raise OSError(28, "No space left on device", "out/data")


def odd_name():
    raise DataError("Cannot read 'a\nb\x1b[31m.jpg': " + "x" * 5000)


def not_utf8():
    "\udcff".encode()


def no_memory():
    return bytearray(1 << 62)


def interrupt_beside_a_blocked_thread():
    os.mkfifo("pipe")
    threading.Thread(target=open, args=("pipe",)).start()
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    time.sleep(60)


def fail(arguments):
    globals()[arguments[0]]()


if __name__ == "__main__":
    run(fail, takes_rest=True)
