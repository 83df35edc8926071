"""Merges an adapter into its base model and writes what Ollama's converter reads right; says how the model is to be asked."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from base import check_architecture, refused, tensors_of
from chat import Template, call_by_name, template_of
from contract import Roles
from scoring import load_tokenizer
from work import Emit, Stopped, Stopping

KNOWN_SPLITS = {
    "d98f9631be1e9607a9848c26c1f9eac1aa9fc21ac6ba82a2fc0741af9780a48f": "llama-bpe",
    "1ff7f41064896984db5d1bb6ff64fa4bc29007d08c1b439e505b7392777a319e": "qwen2",
}
"""SHA-256 of the patterns that cut text, by which Ollama's converter knows them. Any other it takes for another one."""


def read_json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False), encoding="utf-8")


class AdapterWeights:
    """What an adapter adds to each matrix of its base."""

    def __init__(self, folder: Path) -> None:
        config = read_json(folder / "adapter_config.json")
        if config.get("use_dora") or config.get("use_rslora") or config.get("rank_pattern") or config.get("alpha_pattern"):
            raise refused("The adapter is of a kind this merge does not know (DoRA, rsLoRA, or a pattern of ranks).")
        self.scale = config["lora_alpha"] / config["r"]
        self.weights = load_file(folder / "adapter_model.safetensors")
        self.left = {name.split(".lora_")[0] for name in self.weights}

    def add_to(self, name: str, weight: torch.Tensor) -> torch.Tensor:
        """In fp32, cast once."""
        module = f"base_model.model.{name.removesuffix('.weight')}"
        if module not in self.left:
            return weight
        self.left.remove(module)
        down, up = self.weights[f"{module}.lora_A.weight"], self.weights[f"{module}.lora_B.weight"]  # r × in, out × r
        return (weight.float() + self.scale * (up.float() @ down.float())).to(weight.dtype)


def merge_weights(base: Path, adapter: Path | None, out: Path, emit: Emit, stopping: Stopping) -> None:
    """File by file, so that memory holds one of them and never the model."""
    adding = AdapterWeights(adapter) if adapter else None
    shards = sorted(base.glob("*.safetensors"))
    for number, shard in enumerate(shards, start=1):
        merged: dict[str, torch.Tensor] = {}
        with safe_open(shard, framework="pt") as file:
            for name in file.keys():  # noqa: SIM118  it is no dictionary
                if stopping():
                    raise Stopped
                weight = file.get_tensor(name)
                merged[name] = adding.add_to(name, weight).contiguous() if adding else weight
        save_file(merged, out / shard.name, metadata={"format": "pt"})
        emit({"event": "progress", "stage": "merge", "step": number, "steps": len(shards)})
    if adding and adding.left:
        raise refused(f"The adapter was made for another base model: {sorted(adding.left)[0]} is not in this one.")


def fixed_config(config: dict[str, Any]) -> dict[str, Any]:
    """transformers 5 keeps RoPE under a key of its own; converters read the old ones, and take 10,000 where they are missing."""
    fixed = {key: value for key, value in config.items() if key != "quantization_config"}
    rope = dict(config.get("rope_parameters") or {})
    fixed["rope_theta"] = float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0)
    scaling = {key: value for key, value in (rope or config.get("rope_scaling") or {}).items() if key != "rope_theta"}
    kind = scaling.get("rope_type") or scaling.get("type") or "default"
    if kind == "default":
        fixed.pop("rope_scaling", None)
    elif kind in ("linear", "llama3"):
        fixed["rope_scaling"] = {**scaling, "rope_type": kind, "type": kind}
    else:
        raise refused(f"The base model scales its positions by {kind!r}, which Ollama's converter does not read.")
    return fixed


def check_tokenizer(folder: Path, vocabulary: int) -> None:
    path = folder / "tokenizer.json"
    if not path.exists():
        raise refused("The base model has no tokenizer.json; save its tokenizer once with transformers.")
    tokenizer = read_json(path)
    model = tokenizer["model"]
    if model.get("type") != "BPE" or not model.get("merges"):
        raise refused("The base model's tokenizer is not a byte-level BPE with merges: Ollama could not read it.")
    cutter = tokenizer.get("pre_tokenizer") or {}
    patterns = [part["pattern"].get("Regex", "") for part in cutter.get("pretokenizers", []) if part["type"] == "Split"]
    if hashlib.sha256("".join(patterns).encode()).hexdigest() not in KNOWN_SPLITS:
        raise refused(
            f"The base model's tokenizer cuts text by a pattern Ollama does not know; known are {', '.join(KNOWN_SPLITS.values())}."
        )
    ids = sorted({*model["vocab"].values(), *(token["id"] for token in tokenizer.get("added_tokens", []))})
    if ids != list(range(len(ids))):
        raise refused("The base model's token ids have gaps, which Ollama's converter does not fill.")
    if len(ids) > vocabulary:
        raise refused(f"The base model has {len(ids)} tokens and embeddings for {vocabulary}.")


def write_tokenizer(base: Path, out: Path, template: Template, jinja: str) -> None:
    for name in ("tokenizer.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt"):
        if (base / name).exists():
            shutil.copyfile(base / name, out / name)
    added = {token["content"] for token in read_json(out / "tokenizer.json").get("added_tokens", [])}
    config = read_json(base / "tokenizer_config.json")
    bos = config.get("bos_token")
    for token in (template.end, bos["content"] if isinstance(bos, dict) else bos):
        if token and token not in added:
            raise refused(f"{token} is not among the added tokens of tokenizer.json: Ollama would take another for it.")
    write_json(
        out / "tokenizer_config.json",
        {**config, "chat_template": jinja, "add_bos_token": bool(template.bos), "add_eos_token": False, "eos_token": template.end},
    )


def ends_of(base: Path, template: Template) -> list[int]:
    """The token that ends a turn, then every other that the model's owner lets it end with."""
    ends = read_json(base / "generation_config.json").get("eos_token_id", read_json(base / "config.json").get("eos_token_id"))
    return list(dict.fromkeys([template.end_id, *(ends if isinstance(ends, list) else [ends] if ends is not None else [])]))


def export(base: Path, adapter: Path | None, out: Path, emit: Emit, stopping: Stopping, roles: Roles | None = None) -> dict[str, Any]:
    """
    Writes the merged model to `out`, reads it back, and returns how it is to be asked. The base alone keeps its own
    template, where it has one: that is what it was trained with.
    """
    from transformers import AutoConfig

    config = read_json(base / "config.json")
    architecture = check_architecture(config)
    tokenizer = load_tokenizer(base)
    named = roles if roles and (adapter or not tokenizer.chat_template) else None
    if named:
        call_by_name(tokenizer, named)
    template = template_of(tokenizer)
    check_tokenizer(base, int(config["vocab_size"]))

    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    ends = ends_of(base, template)
    write_json(out / "config.json", {**fixed_config(config), "eos_token_id": ends if len(ends) > 1 else ends[0]})
    write_json(out / "generation_config.json", {**read_json(base / "generation_config.json"), "eos_token_id": ends})
    write_tokenizer(base, out, template, str(tokenizer.chat_template))
    merge_weights(base, adapter, out, emit, stopping)
    for index in base.glob("*.safetensors.index.json"):
        shutil.copyfile(index, out / index.name)

    written, found = tensors_of(out), AutoConfig.from_pretrained(out, local_files_only=True)
    wanted = AutoConfig.from_pretrained(base, local_files_only=True)
    if {name: about["shape"] for name, about in written.items()} != {name: about["shape"] for name, about in tensors_of(base).items()}:
        raise refused("The merged weights do not have the names and shapes of the base model's.")
    if (
        found.rope_parameters != wanted.rope_parameters
        or read_json(out / "config.json")["rope_theta"] != wanted.rope_parameters["rope_theta"]
    ):
        raise refused("The merged model's positions are not those of its base.")
    if template_of(load_tokenizer(out)) != template:
        raise refused("The merged model's chat template is not that of its base.")
    stops = [template.end, *(token for token in map(tokenizer.convert_ids_to_tokens, ends) if token and token != template.end)]
    if named:
        stops.append(f"\n{named.user}:")  # a reply that goes on as the other side
    return {"architecture": architecture, "template": template.ollama(), "stop": stops, "addBos": bool(template.bos)}


def merge_work(request: dict[str, Any], folder: Path, emit: Emit, stopping: Stopping) -> dict[str, Any]:
    adapter = Path(request["adapter"]) if request["adapter"] else None
    roles = Roles.model_validate(request["roles"]) if request.get("roles") else None
    return export(Path(request["base"]), adapter, folder / "model", emit, stopping, roles)
