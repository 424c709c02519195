"""The models in people's folders: found, told by their headers, remembered. Nothing is changed.

Only headers are read, and of a file that has not changed since the last time not even that.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from studio.core.errors import DataError, ModelError
from studio.models import probe as probing
from studio.models import registry
from studio.models.chosen import joined, split
from studio.models.known import State, choices_of, key, opened, state_of
from studio.models.probe.probe import Answer, Prefilled, probe

ENDINGS = (".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pth")
INDEX, SHARDS = "model_index.json", ".safetensors.index."
PICTURES = [f"{dot}{end}" for dot in (".preview.", ".") for end in ("png", "jpg", "jpeg", "webp")]
SILENT = ("model", "diffusion_pytorch_model", "adapter_model", "pytorch_lora_weights")  # names
BATCH = 32  # files between two reports
CHOSEN = "chosen by you"
HOMES = ("", "Documents", "Desktop", "Downloads", "AI", "src", "git")  # where programs are put
PROGRAMS = {
    "ComfyUI": ("ComfyUI",),
    "A1111": ("stable-diffusion-webui",),
    "Forge": ("stable-diffusion-webui-forge", "sd-webui-forge-neo"),
}
Hear = Callable[[int, int, tuple["Found", ...]], None]


@dataclass(frozen=True)
class Found:
    """A file, or a folder of parts. `bytes` are those of its weights; `digest` is "" until it was
    asked for; `preview` is the picture that lies beside it."""

    path: Path
    name: str
    answer: Answer
    bytes: int
    digest: str = ""
    preview: Path | None = None


def places() -> tuple[tuple[str, Path], ...]:
    """Folders of models that are there, each with whose it is."""
    home, said = Path.home(), os.environ
    faces = said.get("HF_HOME") or home / ".cache/huggingface"
    hub = Path(said.get("HF_HUB_CACHE") or Path(faces, "hub"))
    wanted = [("Latent Studio", registry.user_folder()), ("Hugging Face", hub)] + [
        (whose, home / parent / name / "models")
        for whose, names in PROGRAMS.items()
        for name in names
        for parent in HOMES
    ]
    return tuple((whose, path) for whose, path in wanted if path.is_dir())


def scan(
    roots: Sequence[Path], check: Callable[[], None], hear: Hear = lambda *_: None
) -> tuple[Found, ...]:
    """Every model below the folders. `hear` is told how many are told, and to be told, and the
    newest; `check` may raise Cancelled, and what was told is remembered. Raises DataError."""
    paths = list(_candidates(roots, check))
    found: list[Found] = []
    for start in range(0, len(paths), BATCH):
        batch, known = paths[start : start + BATCH], len(found)
        with opened() as table:
            for path, preview in batch:
                check()
                if each := _found(table, path):
                    found.append(replace(each, preview=preview))
        hear(start + len(batch), len(paths), tuple(found[known:]))
    if missing := [root for root in roots if not root.is_dir()]:  # the others are told all the same
        raise DataError(f"{missing[0]} is no folder; choose another one.")
    return tuple(found)


def look(path: Path) -> Found | None:
    """One model; None where it is gone."""
    with opened() as table:
        return _found(table, path)


def whereabouts(model: str, digest: str) -> str:
    """The name or path that opens a picture's model here: of weights with this digest, else what it
    was called, else a file of its name, with the parts that were chosen for it; "" for nowhere."""
    name, parts = split(model)
    with opened() as table:
        rows = table.execute("SELECT path, digest, bytes, changed FROM files").fetchall()
    known = [(Path(os.fsdecode(path)), sums, State(*state)) for path, sums, *state in rows]
    same = [path for path, sums, state in known if digest and sums == digest and _is(path, state)]
    if not same and not refusal(Path(model)):
        return model
    called = (path for path, _, state in known if path.name == Path(name).name and _is(path, state))
    found = next(iter(same), None) or next(called, None)
    return joined(str(found), parts.items()) if found else ""


def refusal(path: Path) -> str:
    """Why the studio cannot draw with it, "" where it can: the registry knows."""
    try:
        registry.find_generator(str(path))
    except ModelError as error:
        return str(error)
    return ""


def _is(path: Path, state: State) -> bool:
    with suppress(OSError):
        return state_of(path) == state
    return False


def _candidates(
    roots: Sequence[Path], check: Callable[[], None]
) -> Iterator[tuple[Path, Path | None]]:
    """Models, each with the picture beside it. A folder is looked through once, however many links
    lead to it; one that cannot be read is passed over."""
    waiting, seen = list(roots), set()
    while waiting:
        check()
        folder = waiting.pop()
        try:
            status = folder.stat()
            folders = {name: os.path.isdir(folder / name) for name in os.listdir(folder)}
        except OSError:
            continue
        if (same := (status.st_dev, status.st_ino)) in seen:
            continue
        seen.add(same)
        for name, is_folder in sorted(folders.items()):
            path = folder / name
            if _is_one(path) if is_folder else name.lower().endswith(ENDINGS):
                beside = (f"{name if is_folder else path.stem}{end}" for end in PICTURES)
                picture = next((each for each in beside if each in folders), None)
                yield path, folder / picture if picture else None
            elif is_folder and not name.startswith("."):
                waiting.append(path)


def _is_one(folder: Path) -> bool:
    """Whether a folder is one model: with an index of its parts, or of its shards."""
    return (folder / INDEX).is_file() or any(folder.glob(f"*{SHARDS}*json"))


def _found(table: sqlite3.Connection, path: Path) -> Found | None:
    """From what is known, else from the header; None for what is gone."""
    try:
        state = state_of(path)
    except OSError:
        return None
    reader, text, digest = table.execute(
        "SELECT reader, answer, digest FROM files WHERE path = ? AND bytes = ? AND changed = ?",
        (key(path), *state),
    ).fetchone() or ("", "", "")
    if reader != _reader():
        text = _told(path)
        row = key(path), *state, _reader(), text, digest
        table.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", row)
    answer = _answer(path, text, choices_of(table, digest) if digest else {})
    return Found(path, _name(path), answer, state.bytes, digest)


def _told(path: Path) -> str:
    """What the probe says, as JSON; of a damaged file, what is wrong with it."""
    try:
        answer = probe(path)
    except ModelError as error:
        answer = Answer(path, reasons=(str(error),))
    return json.dumps({name: value for name, value in asdict(answer).items() if name != "path"})


def _answer(path: Path, text: str, choices: Mapping[str, str]) -> Answer:
    """With what the user knows better."""
    values = json.loads(text)
    filled = [Prefilled(**each) for each in values.pop("prefilled")]
    mine = [Prefilled(topic, value, CHOSEN) for topic, value in choices.items()]
    prefilled = (*mine, *(each for each in filled if each.topic not in choices))
    parts, reasons = (tuple(values.pop(name)) for name in ("parts", "reasons"))
    return Answer(path, prefilled=prefilled, parts=parts, reasons=reasons, **values)


@cache
def _reader() -> str:
    """What reads headers, by its newest file: what another version said is asked anew."""
    files = Path(str(probing.__file__)).parent.rglob("*.py")
    return str(max(file.stat().st_mtime_ns for file in files))


def _name(path: Path) -> str:
    """The file's, without its ending, with its folder's where it says nothing; of the Hugging Face
    cache the repository's."""
    stem = path.stem if path.name.endswith(ENDINGS) else path.name
    hub = next((each for each in path.parts if each.startswith("models--")), "")
    if repository := hub.removeprefix("models--").replace("--", "/"):
        return repository if path.parent.name == "snapshots" else f"{repository}/{stem}"
    return f"{path.parent.name}/{stem}" if stem.partition(".")[0] in SILENT else stem
