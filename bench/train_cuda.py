"""
Training speed on a GPU: `make bench-train`. Llama-3-8B's shape with random weights, bf16, LoRA r 16 on q, k, v, o.

Prints tokens/s, MFU counted as 4 N (a LoRA needs no gradients of the frozen weights) and peak memory, for full rows of
4,096 tokens and for rows as long as a persona's. Without a GPU it says so and ends.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "trainer-py"))

import torch

PEAK = 989e12
"""Dense bf16 operations a second of an H100 or H200."""
STEPS, WARM_UP = 12, 3


LLAMA_3_8B = {
    "vocab_size": 128256,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 8192,
}


def new_model(device: str, shape: dict[str, Any]) -> Any:
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(**shape, rope_parameters={"rope_type": "default", "rope_theta": 500000.0})
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        model = LlamaForCausalLM(config)
    torch.set_default_dtype(torch.float32)
    lora = LoraConfig(
        r=16, lora_alpha=32, lora_dropout=0.05, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"], task_type="CAUSAL_LM"
    )
    return get_peft_model(model, lora).train()


def measure(model: Any, name: str, lengths: list[list[int]], reply: float, budget: int) -> dict[str, Any]:
    """Trains on rows of these lengths, a batch each, of which a share is `reply`. The first steps are not timed."""
    from train import Example, backward, memory_in_use

    chance = random.Random(0)
    device = model.device.type
    on_gpu = device == "cuda"
    vocabulary = min(128000, model.config.vocab_size)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=2e-4, fused=on_gpu)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    begun, tokens = 0.0, 0
    for step, batch in enumerate(lengths):
        if step == WARM_UP:
            if on_gpu:
                torch.cuda.synchronize()
            begun, tokens = time.perf_counter(), 0
        rows = [Example([chance.randrange(vocabulary) for _ in range(n)], max(1, int(n * (1 - reply)))) for n in batch]
        backward(model, rows, budget, device, "bf16")
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        tokens += sum(batch)
    if on_gpu:
        torch.cuda.synchronize()
    speed = tokens / (time.perf_counter() - begun)
    base = model.get_base_model()
    counted = sum(parameter.numel() for parameter in base.parameters()) - base.get_input_embeddings().weight.numel()
    return {
        "gpu": torch.cuda.get_device_name() if on_gpu else None,
        "rows": name,
        "tokensPerSecond": round(speed),
        "mfu4N": round(4 * counted * speed / PEAK, 3),
        "peakMemoryGiB": round(memory_in_use(device) / 2**30, 1),
        "microBatchTokens": budget,
        "torch": torch.__version__,
    }


def main() -> None:
    if not torch.cuda.is_available():
        print("No CUDA GPU on this machine: nothing to measure.")
        return
    from train import micro_batch_budget

    model = new_model("cuda", LLAMA_3_8B)
    budget, recompute = micro_batch_budget(model.get_base_model(), "cuda", 4096)
    if recompute:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    chance = random.Random(0)
    print(json.dumps(measure(model, "full rows of 4,096", [[4096] * 8 for _ in range(STEPS)], 1.0, budget)))
    persona = [[min(2048, max(24, int(chance.lognormvariate(5.4, 0.7)))) for _ in range(16)] for _ in range(STEPS)]
    print(json.dumps(measure(model, "a persona's lengths, mean about 280", persona, 0.4, budget)))


if __name__ == "__main__":
    main()
