"""
One piece of work in a process of its own: `python job.py train request.json folder`.

Events go to standard output, one JSON object a line; the last is `done`, `refused` or `stopped`. The process ends when
its standard input does, so that none outlives the worker, and it locks its folder, so that no two work on the same.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any, TextIO

from contract import Failure
from failures import Refused, disk_full, is_disk_full
from work import Stopped, Work

LOCK_PATIENCE = 20.0


def work_named(name: str) -> Work:
    """Imported late: only what is asked for, and nothing heavy before the folder is locked."""
    if name == "resolve":
        from base import resolve_work

        return resolve_work
    if name == "train":
        from train import train_work

        return train_work
    if name == "merge":
        from export import merge_work

        return merge_work
    if name == "parity":
        from parity import parity_work

        return parity_work
    if name == "likelihood":
        from likelihood import likelihood_work

        return likelihood_work
    raise SystemExit(f"{name} is no work this trainer knows")


def lock(folder: Path) -> TextIO:
    """Held until the process ends, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "lock").open("w")
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SystemExit(f"another process works in {folder}") from None
            time.sleep(0.1)


def end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)


def is_out_of_memory(error: BaseException) -> bool:
    """torch says it by a type of its own on a GPU, and by a sentence on a CPU and in CUDA's own libraries."""
    said = isinstance(error, RuntimeError) and any(words in str(error) for words in ("out of memory", "can't allocate memory"))
    return said or type(error).__name__ == "OutOfMemoryError" or isinstance(error, MemoryError)


def run(name: str, request: Path, folder: Path) -> int:
    """Does the work. Its events are also kept in `<folder>/events.jsonl`."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    threading.Thread(target=end_with_parent, daemon=True).start()
    held = lock(folder)
    log = folder / "events.jsonl"
    cut_off = log.exists() and log.read_bytes()[-1:] not in (b"", b"\n")  # by a full disk or a power cut
    with log.open("a", encoding="utf-8") as kept:
        if cut_off:
            kept.write("\n")

        def emit(event: dict[str, Any]) -> None:
            line = json.dumps({"at": round(time.time(), 3), **event}, ensure_ascii=False, allow_nan=False)
            kept.write(line + "\n")
            kept.flush()
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

        try:
            result = work_named(name)(json.loads(request.read_text()), folder, emit, stop.is_set)
            emit({"event": "done", "result": result})
            return 0
        except Stopped:
            emit({"event": "stopped"})
        except Refused as error:
            emit({"event": "refused", "type": error.type, "message": str(error)})
        except Exception as error:
            traceback.print_exc()
            if is_out_of_memory(error):
                emit({"event": "outOfMemory"})
            elif is_disk_full(error):
                full = disk_full(str(folder))
                emit({"event": "refused", "type": Failure.DISK_FULL, "message": str(full)})
            else:
                emit({"event": "broken", "message": f"{type(error).__name__} in {where(error)}: see {folder / 'stderr.log'}"})
        finally:
            held.close()
    return 1


def where(error: BaseException) -> str:
    """The place in our own code, never the message: messages of libraries may quote the words they choked on."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).parent == Path(__file__).parent] or frames
    return f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
