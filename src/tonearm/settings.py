"""The one Settings object, and the only reader of the environment and of ``tonearm.toml``."""

from __future__ import annotations

import ipaddress
import os
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from tonearm.errors import HomeUnusable, UsageError

PREFIX = "TONEARM_"

_OTHERS = {"MLFLOW_TRACKING_URI": "mlflow_tracking_uri", "ALLOW_SYNTHETIC": "allow_synthetic"}
"""Variables under which other programs know the same settings."""
_LIST = tuple[str, ...]
"""Type of settings that are several; in the environment they stand between commas."""
_MOST = 2**30
"""Largest value of a size or a count: in bytes it is still a number of 64 bits."""
_NOT_IN_HOME = "%*[]="
"""Characters that the path of a Delta table cannot contain, or that mark a partition in it."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that can be set.

    Each field is read, later ones winning, from its default, from ``tonearm.toml`` in the home folder and
    from the environment as ``TONEARM_`` and its name in capitals.
    """

    home: Path
    """Folder that holds the lake, the store and the inbox."""
    api_url: str = ""
    """Address of a running tonearm API; empty means in this process."""
    api_token: str = ""
    """Token with which ``api_url`` is asked, where that needs one."""
    allowed_hosts: tuple[str, ...] = ()
    """Names besides this machine's own under which the API answers, such as ``music.example.org`` behind a proxy;
    with any, every request needs a token."""
    allowed_origins: tuple[str, ...] = ()
    """Websites whose pages may use the whole API with a token, such as ``https://music.example.org``; every website
    may use the protocols of scrobblers."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses and networks of proxies, such as ``10.0.0.0/8``, whose ``X-Forwarded-For`` is believed; without it all
    who come through a proxy share the limit of its address. A visitor whose own address is among them can claim any."""
    rate_limit: Annotated[int, msgspec.Meta(ge=0, le=_MOST)] = 0
    """Requests that one token, or one address without a token, may make in 10 s; 0 means 100,000 while only this
    machine can reach the API, and 500 otherwise."""
    log: Literal["text", "json"] = "text"
    """What servers and commands write to standard error: text, for people, or json, a line for each event."""
    lake_uri: str = ""
    """Where the Delta tables are if not in the home: another folder (relative to the home unless absolute) or an
    address such as ``s3://bucket/lake``."""
    database_url: str = ""
    """The transactional store's database: ``sqlite`` or nothing for a file in the home, or
    ``postgresql://user@host/name``, which needs ``tonearm[postgres]``. A password is better given in ``~/.pgpass``."""
    memory_mb: Annotated[int, msgspec.Meta(ge=0, le=_MOST)] = 0
    """Megabytes the embedded engine may hold before it spills to disk; 0 means chosen by the size of the history."""
    threads: Annotated[int, msgspec.Meta(ge=0, le=1024)] = 0
    """Threads of the embedded engine; 0 means one per core."""
    engine: Literal["duckdb", "spark"] = "duckdb"
    """Engine that builds the tables: duckdb, in this process, or spark, which needs ``tonearm[spark]`` and a JDK."""
    spark_master: str = "local[*]"
    """Where Spark runs: ``local[*]`` is this machine, ``spark://host:7077`` a cluster that sees the same lake."""
    spark_jars: str = ""
    """Folder of Delta's jars for Spark; empty means those in Spark's own folder, else by Maven coordinates."""
    mlflow_tracking_uri: str = ""
    """MLflow's server or database for models; empty means a database in the home. Also read from the variable
    ``MLFLOW_TRACKING_URI``."""
    train_on_spotify_api: bool = False
    """Whether models may train on data from the Spotify Web API, whose developer terms forbid it."""
    allow_synthetic: bool = False
    """Whether tracks without features get invented ones, to try things out; statistics and models ignore them.
    Also read from the variable ``ALLOW_SYNTHETIC``."""
    merge_repeats: bool = True
    """Whether a track that a source reports again within 10 s, sooner than anybody could have heard it, is one listen;
    if not, every such report counts."""
    retrain: Literal["when_due", "never"] = "never"
    """Whether ``tonearm run`` retrains a model when its inputs have drifted."""
    spotify_url: str = "https://api.spotify.com/v1/"
    """Address of Spotify's Web API."""
    spotify_accounts_url: str = "https://accounts.spotify.com/"
    """Address at which Spotify's listeners allow access."""
    lastfm_url: str = "https://ws.audioscrobbler.com/2.0/"
    """Address of Last.fm's API."""
    listenbrainz_url: str = "https://api.listenbrainz.org/"
    """Address of ListenBrainz's API, or that of another server with the same."""
    reccobeats_url: str = "https://api.reccobeats.com/"
    """Address of ReccoBeats' API, from which measured audio features come."""
    trino_url: str = "http://127.0.0.1:8080"
    """Address of the Trino server in which ``tonearm publish trino`` registers the tables."""
    trino_location: str = ""
    """Where that server sees the lake, such as ``local:///home/lake``; empty means as the configuration in
    ``deploy/trino`` has it, or the address of an object store."""
    after_run: str = ""
    """Command that ``tonearm run`` starts after tables changed, for example to publish them; it is run without a
    shell, and finds the home in ``TONEARM_HOME``."""
    keep_imported: bool = False
    """Whether ``tonearm run`` moves imported files to ``inbox/imported`` instead of removing them; a backup leaves
    them out."""
    time_travel_days: Annotated[float, msgspec.Meta(ge=0)] = 90.0
    """Days for which old versions of tables stay readable; ``tonearm run`` removes older ones."""
    fetch_features: bool = False
    """Whether the schedule asks ReccoBeats once a day for the measured audio features of heard tracks, which tells it
    their Spotify ids."""
    backup_folder: str = ""
    """Folder into which the schedule backs the home up once a day, on another disk if there is one; empty means not."""
    backups_kept: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 7
    """How many of the schedule's backups stay; older ones are removed after a new one is whole."""
    covers: str = ""
    """Folder of the household's own album covers, as ``Artist/Album/cover.jpg``, ``Artist/Album.jpg`` or
    ``Artist - Album.jpg`` (or ``.png``, ``.webp``), relative to the home unless absolute; empty means none."""
    lock_wait_s: Annotated[float, msgspec.Meta(ge=0)] = 600.0
    """Seconds to wait for another writer, or for a job that is under way, before giving up."""
    max_entries: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 10_000
    """Most files in one archive."""
    max_file_mb: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 32_768
    """Largest size of one file once unpacked, in megabytes."""
    max_ratio: Annotated[int, msgspec.Meta(ge=2, le=_MOST)] = 200
    """Largest ratio of unpacked to packed size of an archive's entry, beyond its first 100 MB."""
    max_record_kb: Annotated[int, msgspec.Meta(ge=1, le=_MOST)] = 1024
    """Largest size of one row of an input file, in kilobytes."""

    @property
    def lake(self) -> str:
        """Folder of the Delta tables, or their address in an object store."""
        if "://" in self.lake_uri:
            return self.lake_uri
        # Relative to the home, not to the working directory.
        return str(self.home / Path(self.lake_uri or "lake").expanduser())

    @property
    def inbox(self) -> Path:
        """Folder whose sub-folders, one per listener, ``tonearm run`` imports from."""
        return self.home / "inbox"

    @property
    def scratch(self) -> Path:
        """Folder for temporary files of a command."""
        return self.home / "scratch"

    @property
    def compiled(self) -> Path:
        """Folder of compiled SQL for the tables; may be deleted at any time."""
        return self.home / "compiled"

    @property
    def database(self) -> Path:
        """File of the transactional store."""
        return self.home / "tonearm.sqlite"


class Credentials(msgspec.Struct, frozen=True):
    """What other services need to know tonearm by, from the environment or a file ``.env``; empty where not given."""

    spotify_client_id: str = ""
    """Client id of the app at developer.spotify.com; also read from ``CLIENT_ID``."""
    spotify_client_secret: str = ""
    """The app's secret, which PKCE does without; also read from ``CLIENT_SECRET``."""
    spotify_redirect_uri: str = "http://127.0.0.1:8888/callback"
    """Where Spotify sends the listener back to, exactly as it stands in the app; also read from ``REDIRECT_URI``."""
    spotify_refresh_token: str = ""
    """A refresh token from ``tonearm connect spotify --print-refresh-token``, instead of a browser."""
    lastfm_api_key: str = ""
    """API key from last.fm/api."""
    listenbrainz_token: str = ""
    """User token from listenbrainz.org/settings; listens are public, so it is not needed to read them."""
    trino_password: str = ""
    """Password with which ``tonearm publish trino`` asks a Trino server that wants one."""

    def __repr__(self) -> str:
        """Only which are known, since logs and errors show what is printed."""
        return f"Credentials({', '.join(f for f in self.__struct_fields__ if getattr(self, f))})"


_SHORTER = {
    "spotify_client_id": "CLIENT_ID",
    "spotify_client_secret": "CLIENT_SECRET",
    "spotify_redirect_uri": "REDIRECT_URI",
}
"""Names without the service, which other programs use."""


def credentials(home: Path, environ: Mapping[str, str] = os.environ, folder: Path | None = None) -> Credentials:
    """The credentials from the environment, else from ``.env`` in ``folder`` (the working one), else in ``home``.

    Raises UsageError for a ``.env`` that cannot be read.
    """
    known: dict[str, str] = {}
    for where in ({**environ}, _from_dotenv((folder or Path.cwd()) / ".env"), _from_dotenv(home / ".env")):
        for name in Credentials.__struct_fields__:
            value = where.get(name.upper()) or where.get(_SHORTER.get(name, "")) or ""
            if value and name not in known:
                known[name] = value
    return Credentials(**known)


def _from_dotenv(path: Path) -> dict[str, str]:
    """Lines ``NAME=value`` of a file, with or without ``export`` and quotes; ``#`` begins a comment."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read; make it a text file of NAME=value that you may read") from error
    return dict(_assignments(lines))


def _assignments(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.lstrip().startswith("#"):
            value = value.strip()
            quote = value[:1]
            if quote in {"'", '"'} and value.find(quote, 1) > 0:
                yield name.strip(), value[1 : value.find(quote, 1)]
            else:
                yield name.strip(), value.partition(" #")[0].strip()


def default_home() -> Path:
    """The default home folder on this platform."""
    import platformdirs

    return platformdirs.user_data_path("tonearm", appauthor=False)


def load_settings(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings of ``home`` (else ``TONEARM_HOME``, else the platform's data folder).

    Raises UsageError naming the invalid setting and where it was set, HomeUnusable for a path that cannot hold a lake.
    """
    where = home or Path(environ.get(PREFIX + "HOME") or default_home())
    where = where.expanduser().absolute()
    _check_path(where)
    values = _from_file(where / "tonearm.toml") | _from_environment(environ)
    try:
        settings = msgspec.convert({**values, "home": str(where)}, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise UsageError(f"a setting in {where / 'tonearm.toml'} or the environment is wrong: {error}") from error
    if "://" not in settings.lake:
        _check_path(Path(settings.lake), "a lake", "lake_uri")
    for proxy in settings.trusted_proxies:
        _check_network(proxy)
    return settings


def _check_network(proxy: str) -> None:
    # Uvicorn takes anything else for the name of a peer, which then matches none.
    try:
        ipaddress.ip_network(proxy)
    except ValueError as error:
        raise UsageError(f"trusted_proxies: {error}; name an address, or a network such as 10.0.0.0/8") from error


def _check_path(path: Path, what: str = "a home", option: str = "--home") -> None:
    text = path.as_posix()
    unreadable = any(unicodedata.category(c) in {"Cc", "Cs"} for c in text)
    if unreadable or any(c in text for c in (*_NOT_IN_HOME, "\\")):
        shown = text.encode("utf-8", "backslashreplace").decode()
        raise HomeUnusable(
            f"{what} cannot be at {shown}: its path must be readable text without \\ {' '.join(_NOT_IN_HOME)}; "
            f"name another with {option}"
        )


def _decode(kind: type, value: object) -> object:
    return Path(str(value)) if kind is Path else value


def _from_file(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError:
        # The home itself is unreadable; its first real use raises an error with advice.
        return {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); move it away") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    kinds = {f.name: f.type for f in msgspec.structs.fields(Settings) if f.name != "home"}
    by_others: dict[str, object] = {name: environ[key] for key, name in _OTHERS.items() if environ.get(key)}
    texts = {name: environ[PREFIX + name.upper()] for name in kinds if environ.get(PREFIX + name.upper())}
    return by_others | {name: _parts(text) if kinds[name] == _LIST else text for name, text in texts.items()}


def _parts(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
