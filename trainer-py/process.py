"""Work in a process of its own, seen from the worker: started, listened to, stopped, and gone when the worker is gone."""

from __future__ import annotations

import array
import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

HERE = Path(__file__).resolve().parent
GRACE = 8.0
"""Seconds between asking work to end and ending it. A cancelled run is told that its device is free within ten."""

PATIENCE = 120.0
"""Seconds in which the warm process has loaded its libraries, also from a slow disk."""


class Warm:
    """
    A process that has torch and transformers loaded and forks itself for each piece of work: loading them takes longer
    than most of the work of a small model. It holds no device and starts no thread, so its children are as good as new.
    It ends when the worker does.
    """

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.socket: socket.socket | None = None
        self.exits: dict[int, queue.Queue[int]] = {}

    def start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "warm.py"), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.socket = ours
        threading.Thread(target=self.listen, args=(ours, self.exits), daemon=True).start()

    def listen(self, connection: socket.socket, exits: dict[int, queue.Queue[int]]) -> None:
        with contextlib.suppress(OSError, ValueError):
            while message := connection.recv(4096):
                told = json.loads(message)
                exits.setdefault(told["pid"] if "exit" in told else 0, queue.Queue()).put(told.get("exit", told["pid"]))
        for waiting in list(exits.values()):
            waiting.put(-signal.SIGKILL)  # it was killed; what it had forked ends with its input

    def fork(self, arguments: list[str], files: list[int]) -> tuple[int, queue.Queue[int]]:
        """Process id of the new child, and where its exit code will be."""
        with self.guard:
            if self.process is None or self.process.poll() is not None:
                self.exits = {}
                self.start()
            assert self.process is not None
            assert self.socket is not None
            answers = self.exits.setdefault(0, queue.Queue())
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))]
            self.socket.sendmsg([json.dumps(arguments).encode()], rights)
            try:
                pid = answers.get(timeout=PATIENCE)
            except queue.Empty:
                self.process.kill()  # an answer that came late would be taken for that to the next request
                self.process.wait()
                raise RuntimeError(f"the warm process did not answer in {PATIENCE:.0f} s; trying again starts another") from None
            if pid < 0:
                raise RuntimeError("the warm process was killed while it started; trying again starts another")
            return pid, self.exits.setdefault(pid, queue.Queue())

    def close(self) -> None:
        if self.socket:
            self.socket.close()
        if self.process:
            self.process.terminate()
            self.process.wait()


class WorkProcess:
    """`with WorkProcess(...) as work: for event in work.events(): ...`; leaving it by an error ends the process."""

    def __init__(self, name: str, request: dict[str, Any], folder: Path, warm: Warm | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "request.json"
        path.write_text(json.dumps(request))
        self.arguments = [name, str(path), str(folder)]
        self.folder, self.warm = folder, warm
        self.lines: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def __enter__(self) -> WorkProcess:
        their_input, our_input = os.pipe()
        our_output, their_output = os.pipe()
        with contextlib.ExitStack() as undo, (self.folder / "stderr.log").open("ab") as errors:
            for end in (their_input, our_input, our_output, their_output):
                undo.callback(os.close, end)  # a child that was started all the same ends with its input
            if self.warm and sys.platform == "linux":
                self.pid, self.exited = self.warm.fork(self.arguments, [their_input, their_output, errors.fileno()])
            else:
                child = subprocess.Popen(
                    [sys.executable, str(HERE / "job.py"), *self.arguments],
                    stdin=their_input,
                    stdout=their_output,
                    stderr=errors,
                    start_new_session=True,
                )
                self.pid, self.exited = child.pid, queue.Queue()
                threading.Thread(target=lambda: self.exited.put(child.wait()), daemon=True).start()
            undo.pop_all()
        os.close(their_input)
        os.close(their_output)
        self.input = our_input
        self.code: int | None = None
        threading.Thread(target=self.listen, args=(os.fdopen(our_output, "rb"),), daemon=True).start()
        return self

    def listen(self, output: BinaryIO) -> None:
        with output:
            for line in output:
                with contextlib.suppress(ValueError):  # a last line cut off by a kill
                    self.lines.put(json.loads(line))
        self.lines.put(None)

    def events(self, every: float = 1.0) -> Iterator[dict[str, Any] | None]:
        """Events as they come, None whenever `every` seconds brought none. Ends with the process."""
        while True:
            try:
                event = self.lines.get(timeout=every)
            except queue.Empty:
                yield None
                continue
            if event is None:
                self.code = self.exited.get(timeout=30)
                return
            yield event

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def stop(self, grace: float = GRACE) -> None:
        """Asks it to save and end, and ends it when that takes too long."""
        self.signal(signal.SIGTERM)
        deadline = time.monotonic() + grace
        while self.code is None:
            try:
                self.code = self.exited.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.signal(signal.SIGKILL)
                deadline = time.monotonic() + 30

    def __exit__(self, *_: object) -> None:
        if self.code is None:
            self.stop()
        os.close(self.input)


def oom_kills(root: Path = Path("/")) -> int:
    """
    How often the kernel has ended a process of our own cgroup for want of memory. What counts is the nearest folder above
    that has a memory controller (cgroups(7)); in a container that may be the mounted root, below which its path is not there.
    """
    own: dict[str, Path] = {}
    with contextlib.suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            own.update(dict.fromkeys(controllers.split(","), Path(path.strip("/"))))
    versions = (("memory", "sys/fs/cgroup/memory", "memory.oom_control"), ("", "sys/fs/cgroup", "memory.events"))
    for controller, mounted, counts in versions:
        folder = own.get(controller, Path())
        for place in (folder, *folder.parents):
            with contextlib.suppress(OSError, ValueError, StopIteration):
                lines = (root / mounted / place / counts).read_text().splitlines()
                return next(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
    return 0
