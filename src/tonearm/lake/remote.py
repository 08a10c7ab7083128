"""A lake in an object store: how long it is waited for, and what its answers mean.

The libraries read the store's address and keys from the environment, under the names that its own tools use.
"""

from __future__ import annotations

import os
import re

from pyarrow import fs

OPTIONS = {
    "max_retries": "100",
    "retry_timeout": "90s",
    "backoff_config.base": "3",
    "backoff_config.max_backoff": "10s",
}
"""How Delta repeats a request of a command: by itself it gives up after some two seconds of an overloaded store."""
ATTEMPTS = 10
"""How often Arrow makes a request of a command, which takes it as long; by itself it gives up after six seconds."""

_KEYS = (
    "403 Forbidden",
    "InvalidAccessKeyId",
    "INVALID_ACCESS_KEY_ID",
    "SignatureDoesNotMatch",
    "ACCESS_DENIED",
    "AccessDenied",
)
_NO_KEYS = "169.254.169.254"
"""Where a machine in the cloud asks who it is, for want of other credentials."""
_LOST_RACE = "Failed to commit transaction"
_AWAY = ("Generic S3 error", "Generic GCS error", "Generic MicrosoftAzure error", "When ", "request", "credential")
_SHOWN = 200


def is_remote(root: str) -> bool:
    """Whether ``root`` is the address of an object store rather than a path."""
    return "://" in root


def arrow_files(address: str, is_patient: bool) -> fs.FileSystem | None:
    """Arrow's own access to the files at ``address``, relative to it; None where Arrow has none that we trust."""
    if not address.startswith("s3://"):
        return None
    found, path = fs.FileSystem.from_uri(address)
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    patience = fs.AwsStandardS3RetryStrategy(ATTEMPTS) if is_patient else fs.AwsStandardS3RetryStrategy()
    store = fs.S3FileSystem(region=found.region, endpoint_override=endpoint, retry_strategy=patience)
    return fs.SubTreeFileSystem(path, store)


def advice(where: str, message: str) -> str | None:
    """What an object store's error about ``where`` means and what to do; None for one of another kind."""
    reason = _reason(message)
    if "NoSuchBucket" in message or "NO_SUCH_BUCKET" in message:
        return f"there is no bucket for {where}; create it, or name another with lake_uri"
    if _NO_KEYS in message:
        return f"{where} needs credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if any(sign in message for sign in _KEYS):
        return f"{where} is refused ({reason}); check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do"
    if _LOST_RACE in message:
        return (
            f"{where} was not written ({reason}): another writer was there at the same time, or the store reported a "
            "commit as failed that it carried out; repeat the command"
        )
    if any(sign in message for sign in _AWAY):
        return (
            f"{where} cannot be reached ({reason}); check lake_uri, the network and AWS_ENDPOINT_URL, or wait, and "
            "repeat the command: tables are as they were or whole"
        )
    return None


def _reason(message: str) -> str:
    """The innermost of Delta's nested reasons, or the store's own words, or all."""
    if found := re.search(r"<Code>(.*?)</Code>\s*(?:<Message>(.*?)</Message>)?", message):
        return ": ".join(part for part in found.groups() if part)[:_SHOWN]
    lines = re.sub(r"\x1b\[\d*m|↳", "", message).strip().splitlines()
    return " ".join(lines[-1].split())[:_SHOWN] if lines else "no reason given"
