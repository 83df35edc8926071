"""Bytes by their SHA-256: the same store, in a folder or in S3, that the TypeScript side writes and reads."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from contract import FOLDER_MEDIA_TYPE, ArtifactRef, Failure, FolderListing, FolderRef
from failures import Refused, disk_full, is_disk_full

CHUNK = 1 << 20
OCTETS = "application/octet-stream"
NDJSON = "application/x-ndjson"


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def relative_path(digest: str) -> str:
    return f"sha256/{digest[:2]}/{digest}"


def sync(path: Path) -> None:
    """Waits until a file or a folder is on the disk. A rename survives a power cut only when the folder it is in was synced too."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def missing(digest: str, place: str) -> Refused:
    return Refused(
        Failure.ARTIFACT_MISSING,
        f"Artifact {digest} is not in {place}. Put it back from a backup, or run the step that made it again.",
    )


def corrupt(digest: str, place: str, found: str) -> Refused:
    return Refused(
        Failure.ARTIFACT_CORRUPT,
        f"Artifact {digest} in {place} is damaged: {found}. Remove it, then run the step that made it again.",
    )


@contextmanager
def written_aside(folder: Path, place: str) -> Iterator[Path]:
    """A file name that is gone again if anything goes wrong; the caller renames it away."""
    path = folder / f"{os.getpid()}-{uuid.uuid4()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        if is_disk_full(error):
            raise disk_full(place) from error
        raise
    finally:
        path.unlink(missing_ok=True)


def copy_synced(chunks: Iterable[bytes], path: Path) -> tuple[str, int]:
    """Writes and syncs; gives digest and size of what was written."""
    hashed, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in chunks:
            hashed.update(chunk)
            size += len(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)
    return hashed.hexdigest(), size


def chunks_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def canonical_listing(files: dict[str, ArtifactRef]) -> bytes:
    """Paths in the order of their UTF-16 code units, as JavaScript sorts them; keys in this order; no spaces."""
    paths = sorted(files, key=lambda path: path.encode("utf-16-be"))
    listing = {
        "files": {path: {"digest": files[path].digest, "bytes": files[path].bytes, "mediaType": files[path].media_type} for path in paths}
    }
    return json.dumps(listing, ensure_ascii=False, separators=(",", ":")).encode()


def leaves_folder(path: str) -> bool:
    return path.startswith("/") or any(part in ("", "..") for part in path.split("/"))


class Artifacts(ABC):
    """A store of bytes. Writing what is there already changes nothing; reading verifies."""

    place: str
    views: Path
    """Folders put together from artifacts, for those who want paths."""

    @abstractmethod
    def put_file(self, path: Path, media_type: str) -> ArtifactRef: ...

    @abstractmethod
    def fetch(self, digest: str) -> Path:
        """A verified file on this machine with the bytes. Not to be written to."""

    def put(self, content: bytes, media_type: str) -> ArtifactRef:
        with written_aside(self.views.parent / "tmp", str(self.views.parent)) as aside:
            copy_synced([content], aside)
            return self.put_file(aside, media_type)

    def put_folder(self, folder: Path) -> FolderRef:
        files = {path.relative_to(folder).as_posix(): self.put_file(path, OCTETS) for path in sorted(folder.rglob("*")) if path.is_file()}
        if not files:
            raise ValueError(f"{folder} holds no file, so there is nothing to store.")
        listing = self.put(canonical_listing(files), FOLDER_MEDIA_TYPE)
        return FolderRef(digest=listing.digest, files=len(files), bytes=sum(file.bytes for file in files.values()))

    def list_folder(self, digest: str) -> FolderListing:
        try:
            listing = FolderListing.model_validate_json(self.fetch(digest).read_bytes())
        except ValidationError as error:
            raise corrupt(digest, self.place, "it is not the listing of a folder") from error
        for path in listing.files:
            if leaves_folder(path):
                raise corrupt(digest, self.place, f"it names {path}, which is outside the folder")
        return listing

    def fetch_folder(self, digest: str) -> Path:
        """A folder on this machine with these files. They are links into the store: not to be written to."""
        folder = self.views / digest
        files = {path: self.fetch(ref.digest) for path, ref in self.list_folder(digest).files.items()}
        if folder.exists() and all((folder / path).resolve() == file.resolve() for path, file in files.items()):
            return folder
        aside = self.views / f"{digest}-{uuid.uuid4()}"
        try:
            for path, file in files.items():
                (aside / path).parent.mkdir(parents=True, exist_ok=True)
                (aside / path).symlink_to(file.resolve())
            if folder.exists():
                shutil.rmtree(folder)
            aside.rename(folder)
        except OSError as error:
            if is_disk_full(error):
                raise disk_full(str(self.views)) from error
            if not folder.exists():  # another process may have been faster
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return folder


class FolderArtifacts(Artifacts):
    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.place, self.views = root, str(root), cache / "folders"
        self.whole: dict[str, tuple[int, ...]] = {}
        """What was hashed before by this process and has not been touched since: big models are hashed once."""

    def path_of(self, digest: str) -> Path:
        return self.root / relative_path(digest)

    def flaw_of(self, digest: str) -> str | None:
        """Raises FileNotFoundError where there is nothing."""
        path = self.path_of(digest)
        found = path.stat()
        stamp = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if self.whole.get(digest) == stamp:
            return None
        now = digest_of(path)
        if now != digest:
            return f"its {found.st_size} bytes have the digest {now}"
        self.whole[digest] = stamp
        return None

    def put_file(self, path: Path, media_type: str) -> ArtifactRef:
        digest, size = digest_of(path), path.stat().st_size
        if not self.keep_young(digest):
            with written_aside(self.root / "tmp", self.place) as aside:
                digest, size = copy_synced(chunks_of(path), aside)
                target = self.path_of(digest)
                target.parent.mkdir(parents=True, exist_ok=True)
                aside.rename(target)
                sync(target.parent)
        return ArtifactRef(digest=digest, bytes=size, media_type=media_type)

    def keep_young(self, digest: str) -> bool:
        """Whether it is there and whole; if so it is touched, so that pruning passes it by."""
        try:
            if self.flaw_of(digest) is not None:
                return False
            os.utime(self.path_of(digest))
        except FileNotFoundError:
            return False
        self.whole.pop(digest, None)
        found = self.path_of(digest).stat()
        self.whole[digest] = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        return True

    def fetch(self, digest: str) -> Path:
        try:
            flaw = self.flaw_of(digest)
        except FileNotFoundError as error:
            raise missing(digest, self.place) from error
        if flaw is not None:
            raise corrupt(digest, self.place, flaw)
        return self.path_of(digest)


class S3Artifacts(Artifacts):
    """Any S3-compatible store. `cache` holds verified copies of what was read and written, and may be deleted at any time."""

    def __init__(self, url: str, cache: Path) -> None:
        import boto3
        from botocore.config import Config

        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise ValueError(f"TROUPE_ARTIFACTS is {url}, which names no bucket. Write it as s3://bucket/prefix.")
        self.place, self.bucket, self.prefix = url, bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.local, self.views = FolderArtifacts(cache, cache), cache / "folders"
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1",
            # Stores other than Amazon's refuse the checksums that newer clients add unasked. Digests are checked here anyway.
            config=Config(
                s3={"addressing_style": "path" if endpoint else "auto"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def key_of(self, digest: str) -> str:
        return self.prefix + relative_path(digest)

    def put_file(self, path: Path, media_type: str) -> ArtifactRef:
        ref = self.local.put_file(path, media_type)
        # Sent even where it is there already: what it holds would have to be read to be trusted, and writing keeps it young.
        self.client.upload_file(
            str(self.local.path_of(ref.digest)), self.bucket, self.key_of(ref.digest), ExtraArgs={"ContentType": media_type}
        )
        sent = self.client.head_object(Bucket=self.bucket, Key=self.key_of(ref.digest))["ContentLength"]
        if sent != ref.bytes:
            raise OSError(f"{self.place} holds {sent} bytes of artifact {ref.digest} after {ref.bytes} were sent.")
        return ref

    def fetch(self, digest: str) -> Path:
        try:
            if self.local.flaw_of(digest) is None:
                return self.local.path_of(digest)
        except FileNotFoundError:
            pass
        from botocore.exceptions import ClientError

        with written_aside(self.local.root / "tmp", str(self.local.root)) as aside:
            try:
                body = self.client.get_object(Bucket=self.bucket, Key=self.key_of(digest))["Body"]
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404", "NotFound"):
                    raise missing(digest, self.place) from error
                raise
            found, size = copy_synced(body.iter_chunks(CHUNK), aside)
            if found != digest:
                raise corrupt(digest, self.place, f"its {size} bytes have the digest {found}")
            target = self.local.path_of(digest)
            target.parent.mkdir(parents=True, exist_ok=True)
            aside.rename(target)
        return self.local.path_of(digest)


def open_artifacts(where: str, home: Path) -> Artifacts:
    cache = home / "cache"
    return S3Artifacts(where, cache) if where.startswith("s3://") else FolderArtifacts(Path(where), cache)
