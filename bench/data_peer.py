"""The work of bench/data.ts, done with the Python libraries one would take for it: datasketch, `re`, pyarrow.

    python bench/data_peer.py WORDS.ndjson OUT_FOLDER

Clean, window, merge bursts, remove repetitions (MinHash, then true Jaccard), group, split by time, take out leaks, write.
A message is hashed once and contexts are merged from their messages, as the product does it. What the product does besides
(rules of quality, moments, states, the manifest) is left out here. Prints one line of JSON.
"""

import contextlib
import json
import re
import resource
import sys
import time
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq
from datasketch import MinHash, MinHashLSH

PERMUTATIONS = 112
THRESHOLD = 0.85
SHORTEST = 50
CONTEXT_TURNS = 6
SILENCE, BURST = 3600.0, 120.0
SIGNS = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"

PLAIN = re.compile(r"[\t\n\r\x20-\x7e]*")
MANGLED = re.compile(f"[Â-ôĞİŞğ][{SIGNS}]")
DAMAGED = re.compile("\ufffd|à[¸¹]|â€|[ðğ]Ÿ|Ã[ƒ‚]|[\u0000-\u0008\u000e-\u001f\u0080-\u009f]")
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
SPACES = re.compile(r"\s+")
THAI, LATIN = re.compile("[\u0e01-\u0e3a\u0e40-\u0e5b]"), re.compile("[A-Za-z\u00c0-\u024f]")
LETTERS = re.compile(r"[^\W\d_]|[\u0e31-\u0e4e]")
WORDS = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]|[^\\W\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]+")
THAI_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
# Windows-1252 with the bytes it leaves out kept as control characters: what every browser does.
BYTES = {bytes([b]).decode("cp1252", "ignore") or chr(b): b for b in range(0x80, 0x100)} | {chr(b): b for b in range(0x80)}

Draft = dict[str, Any]


def clean(text: str) -> str | None:
    """The text put right, or None where it cannot be."""
    if PLAIN.fullmatch(text):
        return text
    if MANGLED.search(text):
        with contextlib.suppress(KeyError, UnicodeDecodeError):
            text = bytes(BYTES[c] for c in text).decode("utf-8")
    if DAMAGED.search(text):
        return None
    return unicodedata.normalize("NFC", INVISIBLE.sub("", text))


def normal(text: str) -> str:
    return SPACES.sub(" ", unicodedata.normalize("NFC", text).lower().translate(THAI_DIGITS)).strip()


def language(text: str) -> str:
    thai, latin, letters = len(THAI.findall(text)), len(LATIN.findall(text)), len(LETTERS.findall(text))
    if letters == 0:
        return "und"
    if min(thai, latin) / letters >= 0.2:
        return "mixed"
    return "th" if thai > latin else "en"


def pieces(texts: list[str]) -> set[str]:
    found: set[str] = set()
    for text in texts:
        for given in text.split("\n"):
            line = normal(given)
            if line:
                found.update(line[i : i + 5] for i in range(max(1, len(line) - 4)))
    return found


def jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


def hashed(text: str) -> MinHash:
    made = MinHash(num_perm=PERMUTATIONS)
    made.update_batch([piece.encode() for piece in pieces([text])])
    return made


def together(parts: list[MinHash]) -> MinHash:
    made = MinHash(num_perm=PERMUTATIONS)
    for part in parts:
        made.merge(part)
    return made


def runs(text: str) -> list[tuple[str, ...]]:
    words = WORDS.findall(normal(text))
    weights = [1 if len(word) == 1 and ord(word) >= 0xE00 else 4 for word in words]
    found, weight, end = [], 0, 0
    for start in range(len(words)):
        while weight < 32 and end < len(words):
            weight += weights[end]
            end += 1
        if weight < 32:
            break
        found.append(tuple(words[start:end]))
        weight -= weights[start]
    return found


def talks_of(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    talks: dict[str, list[dict[str, Any]]] = {}
    window, last = 0, 0.0
    for row in sorted(rows, key=lambda row: (row["time"], int(row["id"]))):
        name = row["conversation"]
        if name is None:
            if row["time"] - last >= SILENCE:
                window += 1
            last = row["time"]
            name = f"window {window}"
        talks.setdefault(name, []).append(row)
    return talks


def drafts_of(name: str, talk: list[dict[str, Any]]) -> list[Draft]:
    turns: list[dict[str, Any]] = []
    drafts: list[Draft] = []

    def finish() -> None:
        if not turns or turns[-1]["role"] != "assistant":
            return
        context = turns[-1 - CONTEXT_TURNS : -1]
        while context and context[0]["role"] == "assistant":
            context = context[1:]
        if context:
            reply = turns[-1]["burst"]
            drafts.append(
                {
                    "talk": name,
                    "time": reply[0]["time"],
                    "id": reply[0]["id"],
                    "context": [t["rows"][:] for t in context],
                    "reply": reply[:],
                }
            )

    last = 0.0
    for row in talk:
        if row["text"] is None:
            finish()
            turns = []
            continue
        role = "assistant" if row["speaker"] == "Ada" else "user"
        if turns and turns[-1]["role"] == role:
            if row["time"] - last <= BURST and len(turns[-1]["burst"]) == len(turns[-1]["rows"]):
                turns[-1]["burst"].append(row)
            turns[-1]["rows"].append(row)
        else:
            finish()
            turns.append({"role": role, "rows": [row], "burst": [row]})
        last = row["time"]
    finish()
    return drafts


def main(words: Path, out: Path) -> None:
    began, used = time.perf_counter(), time.process_time()
    rows = pyarrow.json.read_json(words).to_pylist()
    for row in rows:
        row["text"] = clean(row["text"])
        at = row["at"]
        row["time"] = (at if isinstance(at, datetime) else datetime.fromisoformat(at)).timestamp()
    talks = talks_of(rows)
    drafts = sorted((draft for name, talk in talks.items() for draft in drafts_of(name, talk)), key=lambda d: (d["time"], int(d["id"])))

    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.get(name, name) != name:
            name = parent[name] = parent.get(parent[name], parent[name])
        return name

    def join(a: str, b: str) -> None:
        parent[root(a)] = root(b)

    forwarded: dict[str, str] = {}
    for name, talk in talks.items():
        for row in talk:
            if row["text"] is not None and len(row["text"]) >= SHORTEST:
                join(name, forwarded.setdefault(normal(row["text"]), name))

    units = MinHashLSH(num_perm=PERMUTATIONS, params=(14, 8))
    contexts = MinHashLSH(num_perm=PERMUTATIONS, params=(14, 8))
    exact: dict[str, int] = {}
    kept: list[int] = []
    for i, draft in enumerate(drafts):
        asked = [row for turn in draft["context"] for row in turn]
        for row in [*asked, *draft["reply"]]:
            if "minhash" not in row:
                row["minhash"] = hashed(row["text"])
        draft["output"] = "\n".join(row["text"] for row in draft["reply"])
        draft["language"] = language(draft["output"])
        draft["unit"] = normal("\n".join(row["text"] for row in [*asked, *draft["reply"]]))
        draft["long"] = len(draft["unit"]) >= SHORTEST
        if draft["unit"] in exact:
            join(draft["talk"], drafts[exact[draft["unit"]]]["talk"])
            continue
        exact[draft["unit"]] = i
        kept.append(i)
        if not draft["long"]:
            continue
        asked_hash = together([row["minhash"] for row in asked])
        draft["minhash"] = together([asked_hash, *(row["minhash"] for row in draft["reply"])])
        texts = [row["text"] for row in [*asked, *draft["reply"]]]
        like = next((j for j in units.query(draft["minhash"]) if drafts[j]["talk"] != draft["talk"] and alike(draft, drafts[j])), None)
        if like is not None:
            join(draft["talk"], drafts[like]["talk"])
            kept.pop()
            continue
        units.insert(i, draft["minhash"])
        asked_texts = texts[: len(asked)]
        if sum(map(len, asked_texts)) < SHORTEST:
            continue
        draft["asked"] = asked_texts
        same = next(
            (
                j
                for j in contexts.query(asked_hash)
                if drafts[j]["talk"] != draft["talk"] and jaccard(pieces(asked_texts), pieces(drafts[j]["asked"])) >= THRESHOLD
            ),
            None,
        )
        if same is None:
            contexts.insert(i, asked_hash)
        else:
            join(draft["talk"], drafts[same]["talk"])

    groups: dict[str, list[int]] = {}
    for i in kept:
        groups.setdefault(root(drafts[i]["talk"]), []).append(i)
    sides: dict[str, list[int]] = {"train": [], "validation": [], "test": []}
    placed = 0
    for members in sorted(groups.values(), key=lambda members: drafts[members[0]]["time"]):
        middle = (placed + len(members) / 2) / len(kept)
        sides["train" if middle <= 0.8 else "validation" if middle <= 0.9 else "test"].extend(members)
        placed += len(members)

    fine = MinHashLSH(num_perm=PERMUTATIONS, params=(28, 4))
    train_units = {drafts[i]["unit"] for i in sides["train"]}
    for i in sides["train"]:
        if drafts[i]["long"]:
            fine.insert(i, drafts[i]["minhash"])
    held = [*sides["validation"], *sides["test"]]
    leaks = {i for i in held if drafts[i]["unit"] in train_units}
    leaks |= {i for i in held if drafts[i]["long"] and any(alike(drafts[i], drafts[j]) for j in fine.query(drafts[i]["minhash"]))}
    holders: dict[tuple[str, ...], list[int]] = {}
    held_runs: dict[int, int] = {}
    for i in held:
        found = set(runs(drafts[i]["output"]))
        held_runs[i] = len(found)
        for run in found:
            holders.setdefault(run, []).append(i)
    for i in sides["train"]:
        shared: dict[int, int] = {}
        for run in set(runs(drafts[i]["output"])):
            for j in holders.get(run, ()):
                shared[j] = shared.get(j, 0) + 1
        leaks |= {j for j, count in shared.items() if count > 0.5 * held_runs[j]}

    for side, members in sides.items():
        lines = [row_of(drafts[i], root(drafts[i]["talk"])) for i in members if i not in leaks]
        pq.write_table(pa.Table.from_pylist(lines), out / f"{side}.parquet")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "rows": {side: len([i for i in members if i not in leaks]) for side, members in sides.items()},
                "seconds": time.perf_counter() - began,
                "cpu": time.process_time() - used,
                "peak": usage.ru_maxrss * 1024,
            }
        )
    )


def alike(a: Draft, b: Draft) -> bool:
    return jaccard(pieces(texts_of(a)), pieces(texts_of(b))) >= THRESHOLD


def texts_of(draft: Draft) -> list[str]:
    return [row["text"] for turn in draft["context"] for row in turn] + [row["text"] for row in draft["reply"]]


def row_of(draft: Draft, group: str) -> dict[str, Any]:
    roles = ["user", "assistant"] * len(draft["context"])
    messages = [{"role": "system", "content": "You are Ada."}]
    messages += [
        {"role": role, "content": "\n".join(row["text"] for row in turn)} for role, turn in zip(roles, draft["context"], strict=False)
    ]
    messages.append({"role": "assistant", "content": draft["output"]})
    return {
        "id": draft["id"],
        "messages": messages,
        "instruction": "You are Ada.",
        "input": "\n".join(message["content"] for message in messages[1:-1]),
        "output": draft["output"],
        "language": draft["language"],
        "group": group,
        "origin": [f"{row['source']}/{row['table']}/{row['id']}" for turn in [*draft["context"], draft["reply"]] for row in turn],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
