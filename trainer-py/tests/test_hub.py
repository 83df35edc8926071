"""A base model is fetched from a hub that speaks the hub's own protocol, on this machine."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import hub
from base import PARTS, Absent, folder_of
from contract import Base
from failures import Refused
from work import Stopped

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {
    "config.json": b'{"architectures": ["LlamaForCausalLM"]}',
    "model.safetensors": bytes(range(256)) * 4096,
    "tokenizer.json": b"{}",
    "pytorch_model.bin": b"the same weights once more",
    "README.md": b"words",
}


class Hub(ThreadingHTTPServer):
    """One model at one commit; `cut` answers with the first half of the weights, once."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.given: list[str] = []
        self.gated = False
        self.cut = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Page(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def send(self, code: int, headers: dict[str, str], content: bytes, body: bool, size: int | None = None) -> None:
        self.send_response(code)
        for name, value in {"content-length": str(len(content) if size is None else size), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def answer(self, body: bool) -> None:
        path = self.path.split("?")[0]
        if self.server.gated:
            return self.send(403, {"x-error-code": "GatedRepo"}, b"", body)
        if path == f"/api/models/ann/tiny/revision/{COMMIT}":
            about = {"id": "ann/tiny", "sha": COMMIT, "siblings": [{"rfilename": name} for name in FILES]}
            return self.send(200, {"content-type": "application/json"}, json.dumps(about).encode(), body)
        if path == f"/api/models/ann/tiny/tree/{COMMIT}":
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha256(content).hexdigest()}
                for name, content in FILES.items()
            ]
            return self.send(200, {"content-type": "application/json"}, json.dumps(tree).encode(), body)
        if path.startswith("/api/models/ann/tiny"):
            return self.send(404, {"x-error-code": "RevisionNotFound"}, b"", body)
        name = path.removeprefix(f"/ann/tiny/resolve/{COMMIT}/")
        if name not in FILES:
            return self.send(404, {"x-error-code": "RepoNotFound"}, b"", body)
        content = FILES[name]
        headers = {"etag": f'"{hashlib.sha256(content).hexdigest()}"', "x-repo-commit": COMMIT, "accept-ranges": "bytes"}
        if body:
            self.server.given.append(f"{name} {self.headers.get('range') or ''}".strip())
        begin = int((self.headers.get("range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
        if begin:
            headers["content-range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        rest = content[begin:]
        if body and self.server.cut and name == "model.safetensors":
            self.server.cut = False
            self.send(200, headers, rest[: len(rest) // 2], body, size=len(rest))
            self.close_connection = True
            return None
        return self.send(206 if begin else 200, headers, rest, body)


@pytest.fixture
def model_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    yield server
    server.shutdown()
    server.server_close()


def base(revision: str = COMMIT, name: str = "ann/tiny") -> Base:
    return Base.model_validate({"hub": name, "revision": revision, "licence": "Apache-2.0"})


def fetched(wanted: Base, events: list[dict[str, Any]] | None = None) -> Path:
    return hub.fetch(wanted, PARTS, (events if events is not None else []).append, lambda: False)


def test_a_model_of_the_hub_is_fetched_whole_and_then_found(model_hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(Absent, match="hf download ann/tiny"):
        folder_of(base(), tmp_path)

    events: list[dict[str, Any]] = []
    folder = fetched(base(), events)

    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert folder_of(base(), tmp_path) == folder
    assert events and events[0]["event"] == "fetch"


def test_a_connection_that_breaks_leaves_no_half_file(model_hub: Hub) -> None:
    model_hub.cut = True

    folder = fetched(base())

    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert model_hub.given.count("model.safetensors") == 2


def test_what_only_a_person_can_change_is_refused_with_the_way_out(model_hub: Hub) -> None:
    with pytest.raises(Refused, match="Take a commit"):
        fetched(base(revision="f" * 40))
    model_hub.gated = True
    with pytest.raises(Refused, match="Accept it, and set HF_TOKEN"):
        fetched(base())


def test_a_download_ends_when_it_is_asked_to(model_hub: Hub) -> None:
    with pytest.raises(Stopped):
        hub.fetch(base(), PARTS, lambda _: None, lambda: True)
