"""A real Ollama for tests, and the little of its interface that they need."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artifacts import digest_of
from contract import Sample
from settings import read_settings

BINARY = read_settings().cache / "tools/bin/ollama"


class Server:
    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, body: dict[str, Any] | bytes | None = None, method: str = "POST") -> bytes:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, method=method, data=data)) as response:
            return bytes(response.read())

    def create(self, name: str, folder: Path, template: str, stop: list[str], quantize: str | None = None) -> None:
        files = {}
        for path in folder.iterdir():
            digest = f"sha256:{digest_of(path)}"
            try:
                self.ask(f"/api/blobs/{digest}", method="HEAD")
            except OSError:
                self.ask(f"/api/blobs/{digest}", path.read_bytes())
            files[path.name] = digest
        body = {
            "model": name,
            "files": files,
            "template": template,
            "parameters": {"stop": stop},
            **({"quantize": quantize} if quantize else {}),
        }
        last = self.ask("/api/create", body).decode().splitlines()[-1]
        assert json.loads(last) == {"status": "success"}, last

    def sample(self, name: str, messages: list[dict[str, str]], longest: int = 64) -> Sample:
        options = {"temperature": 0, "num_predict": longest}
        body = {"model": name, "messages": messages, "stream": False, "options": options}
        rendered = json.loads(self.ask("/api/chat", {**body, "_debug_render_only": True}))
        answer = json.loads(self.ask("/api/chat", {**body, "logprobs": True}))
        assert "prompt_eval_count" in answer, answer
        return Sample.model_validate(
            {
                "messages": messages,
                "rendered": rendered["_debug_info"]["rendered_template"],
                "promptTokens": answer["prompt_eval_count"],
                "reply": answer["message"]["content"],
                "done": answer["done_reason"],
                "generated": answer["eval_count"],
                "tokens": [{"token": each["token"], "bytes": each.get("bytes"), "logprob": each["logprob"]} for each in answer["logprobs"]],
            }
        )


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        "OLLAMA_MODELS": str(folder / "models"),
        "OLLAMA_NO_CLOUD": "1",
        "HOME": str(folder),
    }
    with (folder / "ollama.log").open("wb") as log:
        process = subprocess.Popen([BINARY, "serve"], env=env, stdout=log, stderr=log)
        server = Server(f"http://127.0.0.1:{port}")
        try:
            for _ in range(200):
                try:
                    server.ask("/api/version", method="GET")
                    break
                except OSError:
                    time.sleep(0.05)
            yield server
        finally:
            process.terminate()
            process.wait()
