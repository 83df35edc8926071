import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import artifacts as module
from artifacts import Artifacts, open_artifacts
from contract import Failure
from failures import Refused
from settings import read_settings

GATEWAY = read_settings().cache / "tools/bin/versitygw"


@pytest.fixture(scope="module")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not GATEWAY.exists():
        pytest.skip(f"{GATEWAY} is missing: `make setup` builds it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    root = tmp_path_factory.mktemp("s3")
    (root / "bucket").mkdir()
    server = subprocess.Popen(
        [GATEWAY, "--access", "test", "--secret", "testtest", "--port", address, "posix", root],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(address.split(":")[1]))) == 0:
                break
        time.sleep(0.05)
    yield f"http://{address}"
    server.terminate()
    server.wait()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    if request.param == "folder":
        return open_artifacts(str(tmp_path / "store"), tmp_path / "home")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", request.getfixturevalue("s3_server"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testtest")
    return open_artifacts(f"s3://bucket/{tmp_path.name}", tmp_path / "home")


def test_what_is_put_is_fetched_under_its_digest(store: Artifacts) -> None:
    ref = store.put("สวัสดี 💜".encode(), "text/plain")

    assert store.fetch(ref.digest).read_text() == "สวัสดี 💜"
    assert store.put("สวัสดี 💜".encode(), "text/plain") == ref


def test_a_folder_comes_back_with_its_files_and_one_name(store: Artifacts, tmp_path: Path) -> None:
    for path in ("10", "a", "b/ไทย.json"):
        file = tmp_path / "made" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)

    ref = store.put_folder(tmp_path / "made")

    folder = store.fetch_folder(ref.digest)
    assert (folder / "b/ไทย.json").read_text() == "b/ไทย.json"
    assert ref.files == 3
    assert ref.digest == "d5eaab828eff681e44070c7d07bccf02e715b00e335c80cbc81fcc69dabdf53a"  # what TypeScript says of them


def test_a_missing_artifact_is_said(store: Artifacts) -> None:
    with pytest.raises(Refused, match="is not in") as refused:
        store.fetch("a" * 64)

    assert refused.value.type == Failure.ARTIFACT_MISSING


def test_a_damaged_artifact_is_refused(store: Artifacts, tmp_path: Path) -> None:
    ref = store.put(b"whole", "text/plain")
    for path in [path for path in tmp_path.parent.parent.rglob(ref.digest) if path.is_file()]:
        path.chmod(0o644)
        path.write_bytes(b"holes")

    with pytest.raises(Refused, match="damaged") as refused:
        store.fetch(ref.digest)

    assert refused.value.type == Failure.ARTIFACT_CORRUPT


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_artifacts(str(tmp_path / "store"), tmp_path / "home")
    file = tmp_path / "file"
    file.write_bytes(b"x" * 100)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused) as refused:
        store.put_file(file, "text/plain")

    assert refused.value.type == Failure.DISK_FULL
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_a_listing_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    store = open_artifacts(str(tmp_path / "store"), tmp_path / "home")
    file = store.put(b"x", "text/plain")
    listing = store.put(module.canonical_listing({"../x": file}), "application/json")

    with pytest.raises(Refused, match="outside the folder"):
        store.fetch_folder(listing.digest)
