"""What `make bench-train` does on a GPU, in miniature: that it runs, not how fast."""

import pytest
import torch

import train_cuda

TINY = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


@pytest.mark.parametrize("budget", [64, 4096], ids=["a row at a time", "all at once"])
def test_rows_of_many_lengths_are_trained_in_bf16(budget: int) -> None:
    model = train_cuda.new_model("cpu", TINY)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    lengths = [[64, 24, 40] for _ in range(train_cuda.WARM_UP + 1)]

    found = train_cuda.measure(model, "few", lengths, 0.5, budget)

    changed = {name for name, weight in model.named_parameters() if not torch.equal(before[name], weight)}
    assert changed == {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert {weight.dtype for name, weight in model.named_parameters() if name not in changed} == {torch.bfloat16}
    assert found["tokensPerSecond"] > 0 and found["mfu4N"] >= 0 and found["microBatchTokens"] == budget
