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
from activities import alone, ending, micro_batch_of
from job import is_out_of_memory
from process import Warm, WorkProcess, oom_kills
from settings import read_settings, wait_briefly
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


SEVEN, OTHERS = "low 0\noom 9\noom_kill 7\n", "low 0\noom 9\noom_kill 1\n"
V1, V2 = "sys/fs/cgroup/memory", "sys/fs/cgroup"


@pytest.mark.parametrize(
    ("files", "kills"),
    [
        pytest.param(
            {"proc/self/cgroup": "0::/work/trainer\n", f"{V2}/work/trainer/memory.events": SEVEN, f"{V2}/work/memory.events": OTHERS},
            7,
            id="v2",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/work/trainer\n", f"{V2}/work/trainer/cpu.stat": "", f"{V2}/work/memory.events": SEVEN},
            7,
            id="v2, memory is counted one folder above",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "5:cpu,cpuacct:/work/other\n4:memory:/work/trainer\n",
                f"{V1}/work/trainer/memory.oom_control": SEVEN,
                f"{V1}/memory.oom_control": OTHERS,
            },
            7,
            id="v1",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "4:memory:/work/trainer\n1:name=systemd:/x\n0::/work/trainer\n",
                f"{V1}/work/trainer/memory.oom_control": SEVEN,
                f"{V2}/unified/work/trainer/cgroup.procs": "",
            },
            7,
            id="hybrid",
        ),
        pytest.param({"proc/self/cgroup": "0::/\n", f"{V2}/memory.events": SEVEN}, 7, id="a namespace of its own"),
        pytest.param(
            {"proc/self/cgroup": "4:memory:/docker/0123\n", f"{V1}/memory.oom_control": SEVEN}, 7, id="a container without a namespace"
        ),
        pytest.param({f"{V2}/memory.events": SEVEN}, 7, id="no word of where it is"),
        pytest.param({"proc/self/cgroup": "4:memory:/work\n", f"{V1}/work/memory.oom_control": "under_oom 0\n"}, 0, id="an old kernel"),
        pytest.param({}, 0, id="nothing there"),
    ],
)
def test_kills_for_want_of_memory_are_those_of_the_own_cgroup(files: dict[str, str], kills: int, tmp_path: Path) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    assert oom_kills(tmp_path) == kills


@pytest.mark.parametrize(
    ("system", "chosen", "then"),
    [
        ("linux", {}, {"GOMP_SPINCOUNT": "3000"}),
        ("darwin", {}, {"OMP_WAIT_POLICY": "PASSIVE"}),
        ("linux", {"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
        ("linux", {"GOMP_SPINCOUNT": "1"}, {"GOMP_SPINCOUNT": "1"}),
        ("darwin", {"OMP_WAIT_POLICY": "ACTIVE"}, {"OMP_WAIT_POLICY": "ACTIVE"}),
    ],
)
def test_threads_wait_as_is_good_for_their_library_unless_the_user_chose(
    system: str, chosen: dict[str, str], then: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(os, "environ", dict(chosen))

    wait_briefly()

    assert os.environ == then


@pytest.mark.parametrize(
    ("code", "said"), [(-9, "was killed by SIGKILL"), (-11, "was killed by SIGSEGV"), (1, "ended with exit 1 and did not say why")]
)
def test_a_process_that_could_not_say_how_it_ended_is_told_in_words(code: int, said: str) -> None:
    assert ending(code) == said


def test_temporal_is_reached_as_its_own_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "people")
    monkeypatch.setenv("TEMPORAL_API_KEY", "of-a-test")

    options = temporal_options(read_settings())

    assert options.get("target_host") == "temporal.example:7233"
    assert options.get("namespace") == "people"
    assert options.get("api_key") == "of-a-test"
