"""What crosses between the workflows and the trainer. Written by scripts/generate-contract.ts from core/: do not edit."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel as PydanticModel
from pydantic import BeforeValidator, ConfigDict, Field

FOLDER_MEDIA_TYPE = "application/vnd.troupe.folder+json"


class Failure(StrEnum):
    """Failures that no retry can cure."""

    PERSONA_INVALID = "PersonaInvalid"
    SOURCE_INVALID = "SourceInvalid"
    DATASET_INVALID = "DatasetInvalid"
    BASE_INVALID = "BaseInvalid"
    TRAINING_INVALID = "TrainingInvalid"
    OUT_OF_MEMORY = "OutOfMemory"
    ARTIFACT_CORRUPT = "ArtifactCorrupt"
    ARTIFACT_MISSING = "ArtifactMissing"
    DISK_FULL = "DiskFull"
    PARITY_FAILED = "ParityFailed"
    OLLAMA_REFUSED = "OllamaRefused"
    CHAMPION_CHANGED = "ChampionChanged"
    NAME_TAKEN = "NameTaken"
    REQUEST_INVALID = "RequestInvalid"
    UNKNOWN_ACTIVITY = "NotFoundError"


class ActivityName(StrEnum):
    RESOLVE_BASE = "resolveBase"
    TRAIN_ADAPTER = "trainAdapter"
    MERGE_ADAPTER = "mergeAdapter"
    CHECK_PARITY = "checkParity"
    MEASURE_LIKELIHOOD = "measureLikelihood"


def none_if_not_finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def not_null(value: Any) -> Any:
    if value is None:
        raise ValueError("leave it out instead of giving null")
    return value


def is_none(value: Any) -> bool:
    return value is None


class Contract(PydanticModel):
    """snake_case in Python, camelCase in JSON; unknown keys and wrong types are refused, as zod refuses them."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True, protected_namespaces=()
    )


Int = Annotated[int, Field(ge=-9007199254740991, le=9007199254740991)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Category = Literal["emotional", "contextual", "selfAwareness", "knowledge", "passage", "general"]
Contender = Literal["candidate", "champion", "anchor", "baseline", "base"]
Metric = Literal["emotionalAccuracy", "contextRecall", "personalityConsistency", "selfAwarenessDepth", "bitsPerByte", "contextUse", "responseTime"]
Quantization = Literal["f16", "q8_0", "q4_K_M"]

I = TypeVar("I")  # noqa: E741


class StepRequest(Contract, Generic[I]):
    """What every activity of a plan is given."""

    run: str
    step: str
    key: str
    input: I


class Base(Contract):
    hub: Annotated[str | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """A Hugging Face repository, such as `meta-llama/Llama-3.2-3B-Instruct`."""
    revision: Annotated[str | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """Its commit. Required with `hub`, so that the same words give the same model next year."""
    folder: Annotated[str | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """A local folder with the same files. `~` and `$TROUPE_CACHE` are understood."""
    ollama: Annotated[str | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """Ollama's name for the same weights, such as `llama3.2:3b`. Runs compare with the base they merged themselves; this is what `chat --beside base` falls back to."""
    licence: Annotated[str, Field(min_length=1)]
    """The licence of the weights, as its owner names it. Recorded in every release."""


class Roles(Contract):
    user: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 _.-]{0,39}$")]
    assistant: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9 _.-]{0,39}$")]


class BaseRequest(Contract):
    base: Base
    target_modules: list[str] = Field(alias="targetModules")
    """Refused when the architecture has no modules of these names."""
    roles: Annotated[Roles | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    fetch: bool
    """Whether a model of the hub may be fetched where it is not there yet."""


class BaseModel(Contract):
    name: str
    revision: str | None
    digest: Digest
    """Of its files: weights, tokenizer and configuration."""
    architecture: str
    parameters: Int
    licence: str
    base: Base
    ollama: str | None
    environment: Digest
    """Of the trainer's lock file: another version of a library may give another model."""
    roles: Annotated[Roles | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """What adapters of it call the two sides. Left out: what its own template calls them."""


class ArtifactRef(Contract):
    digest: Digest
    bytes: Annotated[Int, Field(ge=0)]
    media_type: str = Field(alias="mediaType")


class TrainingSetRows(Contract):
    train: Int
    validation: Int


class TrainingSet(Contract):
    train: ArtifactRef
    validation: ArtifactRef
    rows: TrainingSetRows


class TrainingEarlyStopping(Contract):
    """Stop a stage when the validation loss has not fallen for `patience` checkpoints."""

    patience: Annotated[Int, Field(ge=1)]
    min_delta: Annotated[Number, Field(ge=0.0)] = Field(alias="minDelta")


class TrainingStage(Contract):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    rows: Annotated[list[Category], Field(min_length=1)]
    """The categories this stage learns from."""
    replay: Annotated[Number, Field(ge=0.0, le=1.0)]
    """Share of the rows of the other categories mixed in, so that they are not forgotten."""
    epochs: Annotated[Annotated[Number, Field(gt=0.0, le=1000.0)] | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """Instead of the epochs above."""
    learning_rate: Annotated[Annotated[Number, Field(gt=0.0)] | None, BeforeValidator(not_null)] = Field(default=None, alias="learningRate", exclude_if=is_none)
    """Instead of the learning rate above."""


class Training(Contract):
    pool: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    """Which GPUs may train: the queue is `trainer.<pool>`."""
    method: Literal["lora"]
    r: Annotated[Int, Field(ge=1, le=512)]
    alpha: Annotated[Int, Field(ge=1, le=8192)]
    target_modules: Annotated[list[str], Field(min_length=1)] = Field(alias="targetModules")
    dropout: Annotated[Number, Field(ge=0.0, le=0.9)]
    bias: Literal["none"]
    epochs: Annotated[Number, Field(gt=0.0, le=1000.0)]
    batch_size: Annotated[Int, Field(ge=1, le=4096)] = Field(alias="batchSize")
    gradient_accumulation: Annotated[Int, Field(ge=1, le=4096)] = Field(alias="gradientAccumulation")
    """`batchSize` × this is the effective batch, however it is cut to fit the device."""
    learning_rate: Annotated[Number, Field(gt=0.0)] = Field(alias="learningRate")
    schedule: Literal["linear", "cosine", "constant"]
    warmup_steps: Annotated[Int, Field(ge=0, le=1000000)] = Field(alias="warmupSteps")
    """Clamped to a tenth of a stage, and said so, where the stage is short."""
    weight_decay: Annotated[Number, Field(ge=0.0)] = Field(alias="weightDecay")
    max_grad_norm: Annotated[Number, Field(gt=0.0)] = Field(alias="maxGradNorm")
    max_length: Annotated[Int, Field(ge=16, le=1048576)] = Field(alias="maxLength")
    """Tokens. Longer rows lose their oldest turns."""
    logging_steps: Annotated[Int, Field(ge=1, le=1000000)] = Field(alias="loggingSteps")
    save_steps: Annotated[Int, Field(ge=1, le=1000000)] = Field(alias="saveSteps")
    """A checkpoint and a validation loss every so many steps."""
    early_stopping: Annotated[TrainingEarlyStopping | None, BeforeValidator(not_null)] = Field(default=None, alias="earlyStopping", exclude_if=is_none)
    """Stop a stage when the validation loss has not fallen for `patience` checkpoints."""
    seed: Annotated[Int, Field(ge=0)]
    device: Literal["auto", "cuda", "mps", "cpu"]
    """Chosen once, recorded, never changed silently."""
    precision: Literal["auto", "bf16", "fp32"]
    """auto: bf16 on CUDA, fp32 elsewhere."""
    stages: Annotated[list[TrainingStage], Field(min_length=1)]
    """Modules trained one after the other, one adapter carried through."""


class TrainRequest(Contract):
    dataset: TrainingSet
    base: BaseModel
    training: Training


class FolderRef(Contract):
    digest: Digest
    files: Annotated[Int, Field(ge=1)]
    bytes: Annotated[Int, Field(ge=0)]
    """Of all files together."""


class AdapterStage(Contract):
    name: str
    rows: Int
    steps: Int
    warmup_steps: Int = Field(alias="warmupSteps")
    warmup_clamped: bool = Field(alias="warmupClamped")
    loss: Annotated[Number | None, BeforeValidator(none_if_not_finite)]
    """Mean training loss of its last steps, nats per token."""
    validation_loss: Annotated[Number | None, BeforeValidator(none_if_not_finite)] = Field(alias="validationLoss")
    """Of the checkpoint that was kept, nats per token."""
    best_step: Int = Field(alias="bestStep")
    stopped_early: bool = Field(alias="stoppedEarly")


class Adapter(Contract):
    adapter: FolderRef
    """adapter_config.json and adapter_model.safetensors, as peft writes them."""
    log: ArtifactRef
    """Every event of the training, JSON lines."""
    board: FolderRef | None
    """TensorBoard event files."""
    stages: list[AdapterStage]
    steps: Int
    tokens: Int
    """Trained on, without padding."""
    device: str
    precision: str
    micro_batch: str = Field(alias="microBatch")
    """How the effective batch was cut."""
    degraded: list[str]
    """What was not done as asked, in words."""
    versions: dict[str, str]


class MergeRequest(Contract):
    base: BaseModel
    adapter: Adapter | None
    """null exports the base model as it is."""


class Model(Contract):
    folder: FolderRef
    base: Digest
    architecture: str
    parameters: Int
    template: str
    """Ollama's TEMPLATE: renders the same text as the training template, without the beginning-of-text token."""
    stop: list[str]
    """The end-of-turn tokens."""
    add_bos: bool = Field(alias="addBos")
    """Whether the tokenizer puts a beginning-of-text token before the prompt."""


class Samples(Contract):
    samples: ArtifactRef
    """JSON lines of `Sample`."""
    count: Int
    tokens: Int


class ParityRequest(Contract):
    model: Model
    samples: Samples
    quantization: Quantization


class Parity(Contract):
    tokens: Int
    """Compared, one log-probability each."""
    largest: Number
    """Largest difference of a log-probability, nats."""
    mean: Number
    allowed: Number
    stopped: Int
    """Replies that ended by themselves, of `samples`."""
    samples: Int
    unreadable: Int
    """Samples of which Ollama did not name every token, so that they cannot be compared: it drops pieces of broken characters."""


class LikelihoodRequest(Contract):
    candidate: Model
    champion: Model | None
    anchor: Model | None
    """null where there is none, and where it is the champion."""
    base: Model
    test: ArtifactRef
    system: str
    """The same prompt for all, so that only the weights differ."""
    seed: Int


class Likelihood(Contract):
    rows: ArtifactRef
    """JSON lines of `LikelihoodRow`."""
    n: Int
    bits_per_byte: dict[Contender, Number | None] = Field(alias="bitsPerByte")


class FolderListing(Contract):
    files: dict[str, ArtifactRef]


class Message(Contract):
    role: Literal["system", "user", "assistant"]
    content: str


class DatasetRowMetadata(Contract):
    emotion_detected: str | None
    intensity: Annotated[Number | None, BeforeValidator(none_if_not_finite)]
    context: str | None
    angela_feeling: str | None
    mood: Annotated[str | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    mode: Annotated[str | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    unanswered: Annotated[Int | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """How often the other side had written before and got no answer. Left out where that is 0."""


class DatasetRow(Contract):
    id: str
    category: Category
    weight: Annotated[Number, Field(gt=0.0)]
    messages: Annotated[list[Message], Field(min_length=1)]
    instruction: str
    input: str
    output: str
    metadata: DatasetRowMetadata
    rating: Annotated[Number | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """How the reply was liked, in the source's own scale."""
    flagged: Annotated[bool | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """Somebody marked the reply as not to be repeated."""
    lesser: Annotated[bool | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """Another reply to the very same was liked better. Never trained on."""
    synthetic: Annotated[str | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """How it came about, where nobody said it as it is: `generated`, `typos`, `paraphrase:<model>`, …. Never in validation or test."""
    voice: Annotated[Literal["other"] | None, BeforeValidator(not_null)] = Field(default=None, exclude_if=is_none)
    """The reply is another person's: a passage of anybody, or general talk."""
    group: str
    """Rows of one group are never in different splits."""
    at: str | None
    """ISO 8601."""
    language: str
    consent: str
    """The consent ids of every source row it was made from, joined by a comma."""
    origin: list[str]
    """The source rows it was made from, as `source/table/id`."""


class SampleMessage(Contract):
    role: str
    content: str


class SampleToken(Contract):
    token: str
    bytes: list[Int] | None
    logprob: Number


class Sample(Contract):
    messages: list[SampleMessage]
    rendered: str | None
    """The prompt as Ollama rendered it, where it would say."""
    prompt_tokens: Int = Field(alias="promptTokens")
    reply: str
    done: str
    """`stop` or `length`."""
    generated: Int
    """Tokens that Ollama says it generated, an end token included."""
    tokens: list[SampleToken]


class LikelihoodRow(Contract):
    id: str
    group: str
    bytes: Int
    """UTF-8 bytes of the reply."""
    bits: dict[Contender, Number]
    """Of the reply and its end token after its own context."""
    bits_elsewhere: dict[Contender, Number] = Field(alias="bitsElsewhere")
    """Of the same reply after another conversation's context."""
