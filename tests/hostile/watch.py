"""Runs a Python program and notes its greatest resident size in megabytes, and its seconds of CPU.

`watch NOTE MOST_BYTES ARGUMENTS...`

`MOST_BYTES` bounds every file that the program writes; 0 is no bound. This is a small process of its own, because a
child begins with the size of the process that started it.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path

KILOBYTES = 1024 if sys.platform != "darwin" else 1024 * 1024


def main() -> int:
    """Run the program; its exit status."""
    note, most, *arguments = sys.argv[1:]
    # An interrupt is meant for the program; this process stays to tell how it ended.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if int(most):
            resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
        os.execv(sys.executable, [sys.executable, *arguments])
    _, status, usage = os.wait4(child, 0)
    Path(note).write_text(json.dumps([usage.ru_maxrss // KILOBYTES, usage.ru_utime + usage.ru_stime]), encoding="utf-8")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
