"""What may go wrong around the work: a late helper, a log cut off, a neighbour with the same work."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from temporalio.testing import ActivityEnvironment

import process
from activities import alone, micro_batch_of
from job import is_out_of_memory
from process import Warm, WorkProcess
from settings import read_settings
from worker import temporal_options


def test_the_same_work_waits_until_the_other_worker_has_stored_it(tmp_path: Path) -> None:
    done: list[str] = []

    def work() -> None:
        with alone(tmp_path):
            done.append("second")

    with (tmp_path / "worker.lock").open("w") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = threading.Thread(target=lambda: ActivityEnvironment().run(work))
        second.start()
        time.sleep(0.5)
        assert not done

    second.join(timeout=10)
    assert done == ["second"]


@pytest.mark.skipif(sys.platform != "linux", reason="work is forked on Linux only")
def test_a_warm_process_that_does_not_answer_is_ended_and_leaves_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PATIENCE", 0.2)  # it loads its libraries for longer
    warm = Warm()
    warm.start()
    before = len(os.listdir("/proc/self/fd"))

    with pytest.raises(RuntimeError, match="did not answer"), WorkProcess("resolve", {}, tmp_path, warm):
        pass

    assert warm.process and warm.process.poll() is not None
    assert len(os.listdir("/proc/self/fd")) <= before
    warm.close()


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text('{"event": "start", "microBatchTokens": 512}\n{"event": "ste')
    request = tmp_path / "request.json"
    request.write_text("{}")

    job = [sys.executable, str(Path(process.__file__).parent / "job.py"), "resolve", str(request), str(tmp_path)]
    with subprocess.Popen(job, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as started:
        assert started.wait(timeout=120) == 1

    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert lines[1] == '{"event": "ste'
    assert '"event": "broken"' in lines[2]
    assert micro_batch_of(tmp_path) == 512


def test_out_of_memory_is_known_however_it_is_said() -> None:
    with pytest.raises(RuntimeError) as on_cpu:
        torch.empty(1 << 46, dtype=torch.uint8)

    assert is_out_of_memory(on_cpu.value)
    assert is_out_of_memory(RuntimeError("CUDA error: out of memory"))
    assert not is_out_of_memory(RuntimeError("shapes do not match"))


def test_temporal_is_reached_as_its_own_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "people")
    monkeypatch.setenv("TEMPORAL_API_KEY", "of-a-test")

    options = temporal_options(read_settings())

    assert options.get("target_host") == "temporal.example:7233"
    assert options.get("namespace") == "people"
    assert options.get("api_key") == "of-a-test"
