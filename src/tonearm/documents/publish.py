"""The exported page in the repository of a website: one folder of a git clone, and nothing else in it."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tonearm.documents.export import Exported, write
from tonearm.errors import TonearmError, UsageError

TOKEN_FROM = "WEBSITE_REPO_PAT"  # noqa: S105 - its name, not its value
"""Environment variable of a token that may push; GitHub calls it a personal access token."""
_NEVER_ASK = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_PATIENCE_S = 600
_ADDRESS = re.compile(r"[a-z+]+://|[^/\\]+@[^/\\]+:", re.IGNORECASE)
"""How addresses of repositories begin: ``https://…``, ``ssh://…``, ``git@…:``."""
_WITH_SECRET = re.compile(r"https?://[^/]*@|[a-z+]+://[^/]*:[^/]*@", re.IGNORECASE)
"""An address with a password in it, or with a token, which is the name before an ``@`` of https."""


@dataclass(frozen=True)
class Synced:
    """Where the page is, and what was done in words."""

    folder: Path
    did: str


def sync(exported: Exported, clone: Path, within: Path, environment: Mapping[str, str] = os.environ) -> Synced:
    """Write the export into the folder ``within`` of a git clone, commit that folder alone, and push.

    Nothing is committed if nothing changed; what could not be pushed the last time is pushed now. Raises UsageError
    for a clone that is none, a folder outside of it, and a branch with commits of somebody else that a push would
    publish, too; TonearmError for what git refuses.
    """
    git = _Git(clone, environment)
    root = git.root()
    folder = _folder(root, within)
    path = folder.relative_to(root).as_posix()
    git.check_branch(path)
    write(exported, folder)
    git.run("add", "--all", "--force", "--", path)
    is_changed = bool(git.run("status", "--porcelain", "--", path))
    if is_changed:
        git.run("commit", "--quiet", "--only", "-m", f"{path}: brought up to date", "--", path)
    did = "committed" if is_changed else "unchanged"
    return Synced(folder, did + (", pushed" if git.is_ahead() and git.push() else ""))


@contextmanager
def cloned(website: str, environment: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """A clone of ``website``: the folder itself if it is one on this machine, else a new one for the time being.

    Raises UsageError for an address with a password or a token in it, TonearmError for one that git cannot clone.
    """
    if _WITH_SECRET.match(website):
        raise UsageError(
            "the address has a name, token or password before its @, which others can read; leave it out, and set "
            f"{TOKEN_FROM} to the token"
        )
    if _ADDRESS.match(website) is None:
        yield Path(website)
        return
    with tempfile.TemporaryDirectory(prefix="tonearm-website-") as folder:
        git = _Git(Path(folder), environment)
        git.run("clone", "--quiet", "--depth", "1", "--", website, "website", more=git.shown_token(website))
        yield Path(folder) / "website"


def _folder(root: Path, within: Path) -> Path:
    """The folder to write, which no ``..`` and no link leads out of the clone."""
    folder = (root / within).parent.resolve() / within.name
    if root not in folder.parents or ".git" in folder.relative_to(root).parts:
        raise UsageError(f"{within} is no folder within {root}; name one such as tonearm")
    return folder


class _Git:
    """The commands of git in one clone."""

    def __init__(self, clone: Path, environment: Mapping[str, str]) -> None:
        program = shutil.which("git")
        if program is None:
            raise UsageError("git is not installed; install it, or use `tonearm export site --output FOLDER`")
        self._program, self._clone = program, clone
        self._environment = {**environment, **_NEVER_ASK}
        self._token = environment.get(TOKEN_FROM)

    def run(self, *arguments: str, more: Mapping[str, str] | None = None) -> str:
        """Git's output; raises TonearmError with its words."""
        done = self._ask(*arguments, more=more)
        if done.returncode:
            words = (done.stderr or done.stdout).strip().replace(self._token or "\0", "…")
            raise TonearmError(f"git {arguments[0]} in {self._clone}: {words[-600:]}")
        return done.stdout.strip()

    def _ask(self, *arguments: str, more: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - our own arguments
                [self._program, *arguments],
                cwd=self._clone,
                env={**self._environment, **(more or {})},
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise TonearmError(
                f"git {arguments[0]} in {self._clone} took longer than {_PATIENCE_S // 60} minutes and was stopped; "
                "try it by hand there"
            ) from error

    def root(self) -> Path:
        """The clone's folder."""
        if not self._clone.is_dir():
            raise UsageError(f"{self._clone} is no folder; name a git clone of the website")
        done = self._ask("rev-parse", "--show-toplevel")
        if done.returncode or Path(done.stdout.strip()) != self._clone.resolve():
            raise UsageError(f"{self._clone} is not a git clone's own folder; clone the website's repository first")
        return self._clone.resolve()

    def check_branch(self, path: str) -> None:
        """Raise UsageError where a push would publish commits about anything but ``path``."""
        if self._ask("symbolic-ref", "--quiet", "HEAD").returncode:
            raise UsageError(f"{self._clone} is on no branch; switch to the one that the website is made from")
        if self._ask("rev-parse", "--verify", "--quiet", "@{upstream}").returncode:
            return
        if others := self.run("log", "--format=%h", "@{upstream}..HEAD", "--", f":(exclude,top){path}", ":(top)"):
            first = others.splitlines()[0]
            raise UsageError(f"{self._clone} has commits that are not pushed, such as {first}; push or drop them first")

    def is_ahead(self) -> bool:
        """Whether there is anything to push; an empty repository has no branch to compare with yet."""
        done = self._ask("rev-list", "--count", "@{upstream}..HEAD")
        return done.returncode != 0 or done.stdout.strip() != "0"

    def push(self) -> bool:
        """Push the branch to where it is set to go; False where it is not."""
        branch = self.run("symbolic-ref", "--short", "HEAD")
        remote = self._ask("config", f"branch.{branch}.remote").stdout.strip()
        if not remote:
            return False
        self.run("push", "--quiet", remote, f"HEAD:refs/heads/{self._upstream(branch)}", more=self._shown_to(remote))
        return True

    def _upstream(self, branch: str) -> str:
        merge = self._ask("config", f"branch.{branch}.merge").stdout.strip()
        return merge.removeprefix("refs/heads/") or branch

    def _shown_to(self, remote: str) -> dict[str, str]:
        return self.shown_token(self._ask("remote", "get-url", "--push", remote).stdout.strip())

    def shown_token(self, url: str) -> dict[str, str]:
        """Settings that show the token to this address alone: in the environment, since arguments are seen by all."""
        if not self._token or not url.startswith("https://"):
            return {}
        shown = base64.b64encode(f"x-access-token:{self._token}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{url}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {shown}",
        }
