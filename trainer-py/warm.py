"""Loads what every piece of work needs, then forks for each: see `process.Warm`."""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import signal
import socket
import sys
from pathlib import Path


def work(arguments: list[str], files: list[int], connection: socket.socket) -> None:
    """In the child: becomes what `python job.py` would have been."""
    connection.close()
    os.setsid()
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    from job import run

    code = 1
    try:
        code = run(arguments[0], Path(arguments[1]), Path(arguments[2]))
    except SystemExit as error:
        print(error, file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    connection = socket.socket(fileno=int(sys.argv[1]))
    # What every work imports. Nothing here may start a thread or touch a device: a fork would inherit half of it.
    import peft  # noqa: F401
    import torch
    import torch.utils.tensorboard.writer  # noqa: F401
    import transformers.models.auto
    import transformers.models.llama.modeling_llama  # noqa: F401

    import export  # noqa: F401
    import likelihood  # noqa: F401
    import parity  # noqa: F401
    import train  # noqa: F401

    ended, told = os.pipe()
    os.set_blocking(told, False)
    signal.set_wakeup_fd(told)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        readable, _, _ = select.select([connection.fileno(), ended], [], [])
        if ended in readable:
            os.read(ended, 4096)
            with contextlib.suppress(ChildProcessError):
                while (found := os.waitpid(-1, os.WNOHANG))[0]:
                    connection.send(json.dumps({"pid": found[0], "exit": os.waitstatus_to_exitcode(found[1])}).encode())
        if connection.fileno() in readable:
            message, rights, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(3 * array.array("i").itemsize))
            if not message:
                return
            files = array.array("i")
            files.frombytes(rights[0][2])
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                work(json.loads(message), list(files), connection)
            for file in files:
                os.close(file)
            connection.send(json.dumps({"pid": pid}).encode())


if __name__ == "__main__":
    main()
