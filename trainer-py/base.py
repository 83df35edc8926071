"""The base model: where it is, what it is, and whether a persona may be made of it."""

from __future__ import annotations

import hashlib
import json
import math
import struct
import uuid
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from artifacts import digest_of
from contract import Base, BaseModel, BaseRequest, Failure
from failures import Refused
from hub import fetch
from work import Emit, Stopping

CONVERTIBLE = ("LlamaForCausalLM", "Qwen2ForCausalLM")
"""Architectures whose export is known to be read right by Ollama's converter: `docs/training.md` says why not others."""

PARTS = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template*",
)
LOCK = Path(__file__).resolve().parent / "requirements.lock"


class Absent(Refused):
    """A model of the hub whose files are not on this machine."""


def refused(message: str) -> Refused:
    return Refused(Failure.BASE_INVALID, message)


def folder_of(base: Base, cache: Path) -> Path:
    """Where the files of a base model are on this machine. Nothing is fetched here."""
    if base.folder is not None:
        folder = Path(base.folder.replace("$TROUPE_CACHE", str(cache))).expanduser()
        if not (folder / "config.json").exists():
            made = f" Make it: `{cache / 'tools/bin/trainer-python'} trainer-py/tiny_base.py --if-missing`."
            hint = made if "$TROUPE_CACHE" in base.folder else " Put a Hugging Face model folder there."
            raise refused(f"The base model's folder {folder} holds no config.json.{hint}")
        return folder.resolve()
    if base.hub is None or base.revision is None:
        raise refused("The base model has neither `folder` nor `hub` with `revision`.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(base.hub, revision=base.revision, local_files_only=True, allow_patterns=list(PARTS)))
    except (LocalEntryNotFoundError, FileNotFoundError) as error:
        raise Absent(
            Failure.BASE_INVALID,
            f"{base.hub} at revision {base.revision} is not on this machine. Accept its licence on its page, "
            f"then run `hf download {base.hub} --revision {base.revision}` once on every host of this pool; "
            "a persona with `network: any` fetches it by itself.",
        ) from error


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and any(fnmatch(path.name, part) for part in PARTS))


def hash_of(path: Path, known: dict[str, list[Any]]) -> str:
    found = path.stat()
    stamp = [found.st_size, found.st_mtime_ns]
    entry = known.get(str(path))
    if entry is None or entry[:2] != stamp:
        entry = known[str(path)] = [*stamp, digest_of(path)]
    return str(entry[2])


def digest_of_folder(folder: Path, home: Path) -> str:
    """The same files have the same digest on every host. Hashes are remembered by path, size and time: weights are gigabytes."""
    memory = home / "cache" / "hashes.json"
    known: dict[str, list[Any]] = json.loads(memory.read_text()) if memory.exists() else {}
    before = dict(known)
    digests = {path.name: hash_of(path.resolve(), known) for path in files_of(folder)}
    if known != before:
        memory.parent.mkdir(parents=True, exist_ok=True)
        aside = memory.with_name(f"hashes-{uuid.uuid4()}")
        aside.write_text(json.dumps(known))
        aside.rename(memory)
    return hashlib.sha256(json.dumps(digests, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def tensors_of(folder: Path) -> dict[str, dict[str, Any]]:
    """Names, types and shapes of all weights, read from the headers alone."""
    tensors: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > 100_000_000:
                raise refused(f"{path.name} of the base model is not a safetensors file.")
            tensors |= {name: about for name, about in json.loads(file.read(length)).items() if name != "__metadata__"}
    if not tensors:
        raise refused(f"{folder} holds no *.safetensors file. Convert older weights with `save_pretrained(safe_serialization=True)`.")
    return tensors


def check_architecture(config: dict[str, Any]) -> str:
    architecture = str((config.get("architectures") or ["none"])[0])
    if architecture not in CONVERTIBLE:
        raise refused(
            f"{architecture} is not an architecture that Ollama's converter is known to read right; known are {', '.join(CONVERTIBLE)}."
        )
    if "quantization_config" in config:
        raise refused("The base model's weights are quantized. Take the unquantized weights: quantize when serving.")
    heads, hidden = int(config["num_attention_heads"]), int(config["hidden_size"])
    if config.get("head_dim") not in (None, hidden // heads):
        raise refused(
            f"head_dim is {config['head_dim']} and hidden_size / num_attention_heads is {hidden // heads}: Ollama cannot load that."
        )
    return architecture


def check_targets(targets: list[str], tensors: dict[str, dict[str, Any]]) -> None:
    """Only the matrices inside the layers: adapters on tied embeddings diverge when they are merged, without a word."""
    modules = {name.split(".")[-2] for name, about in tensors.items() if name.endswith(".weight") and len(about["shape"]) == 2}
    inside = sorted(modules - {"embed_tokens", "lm_head"})
    wrong = [target for target in targets if target not in inside]
    if wrong:
        raise refused(f"targetModules names {', '.join(wrong)}; this base model can be adapted in {', '.join(inside)}.")


def resolve_base(request: BaseRequest, home: Path, cache: Path, emit: Emit, stopping: Stopping) -> BaseModel:
    """Describes the base model as it is on this machine, or says why it cannot be used. Fetches it where that is allowed."""
    from transformers import AutoTokenizer

    from chat import call_by_name, template_of

    base = request.base
    try:
        folder = folder_of(base, cache)
    except Absent:
        if not request.fetch:
            raise
        folder = fetch(base, PARTS, emit, stopping)
    config = json.loads((folder / "config.json").read_text())
    architecture = check_architecture(config)
    tensors = tensors_of(folder)
    check_targets(request.target_modules, tensors)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if request.roles:
        call_by_name(tokenizer, request.roles)
    template_of(tokenizer)
    return BaseModel(
        name=base.hub or folder.name,
        revision=base.revision,
        digest=digest_of_folder(folder, home),
        architecture=architecture,
        parameters=sum(math.prod(about["shape"]) for about in tensors.values()),
        licence=base.licence,
        base=base,
        ollama=base.ollama,
        environment=digest_of(LOCK),
        **({"roles": request.roles} if request.roles else {}),  # left out, not null
    )


def folder_of_model(model: BaseModel, home: Path, cache: Path) -> Path:
    """The folder of a base model that was described before, perhaps on another host; refused when the files differ."""
    folder = folder_of(model.base, cache)
    found = digest_of_folder(folder, home)
    if found != model.digest:
        raise refused(
            f"The base model in {folder} has the digest {found}; this run was planned with {model.digest}. Make the hosts' files equal."
        )
    if digest_of(LOCK) != model.environment:
        raise Refused(
            Failure.REQUEST_INVALID,
            f"This worker's libraries are not those the run was planned with (requirements.lock {digest_of(LOCK)}, "
            f"planned {model.environment}). Update the pool's hosts, then run again.",
        )
    return folder


def resolve_work(request: dict[str, Any], folder: Path, emit: Emit, stopping: Stopping) -> dict[str, Any]:
    asked = BaseRequest.model_validate(request["request"])
    found = resolve_base(asked, Path(request["home"]), Path(request["cache"]), emit, stopping)
    return found.model_dump(mode="json")
