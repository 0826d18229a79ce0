"""Kafka's jars: fetched once from Maven Central, and only those of `kafka-jars.lock`, byte for byte.

After a change of version: `python -m crm.chassis.embedded.jars` writes the lock file anew.
"""

import fcntl
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

LOCK = Path(__file__).with_name("kafka-jars.lock")
"""One line per jar, as `sha256sum` writes them."""
KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
"""Not among Kafka's dependencies; without it a failed start says nothing."""
CENTRAL = {"central": "https://repo.maven.apache.org/maven2"}


class WrongJar(RuntimeError):  # noqa: N818 (named as people speak)
    """A jar is not the one of the lock file."""


def default_cache() -> Path:
    """Return the folder in which every run of this user keeps the jars."""
    return Path.home() / ".cache" / "rapport" / "kafka"


def kafka_jars(cache: Path, lock: Path = LOCK) -> list[Path]:
    """Return the jars of the lock file in `cache`, fetched where one is missing; raises `WrongJar`."""
    digests = read_lock(lock)
    cache.mkdir(parents=True, exist_ok=True)
    with _one_process_at_a_time(cache):
        if not all((cache / name).exists() for name in digests):
            _fetch(cache, digests)
    jars = [cache / name for name in digests]
    check(jars, digests)
    return jars


def read_lock(lock: Path) -> dict[str, str]:
    """Return the SHA-256 of each jar by its name."""
    lines = (line.split() for line in lock.read_text().splitlines())
    return {name: digest for digest, name in lines}


def check(jars: list[Path], digests: Mapping[str, str]) -> None:
    """Raise `WrongJar` unless the jars are those of the lock file, none more, none less."""
    for jar in jars:
        expected, found = digests.get(jar.name), _sha256(jar)
        if found != expected:
            raise WrongJar(
                f"{jar.name} has the SHA-256 {found}, but kafka-jars.lock says {expected or 'nothing about it'}. "
                f"If {jar} is damaged, remove it and it is fetched again."
            )
    if missing := digests.keys() - {jar.name for jar in jars}:
        raise WrongJar(f"kafka-jars.lock names jars that were not found: {', '.join(sorted(missing))}.")


def _fetch(cache: Path, digests: Mapping[str, str]) -> None:
    with TemporaryDirectory(dir=cache) as folder:
        jars = _resolve(Path(folder))
        check(jars, digests)
        for jar in jars:
            jar.replace(cache / jar.name)


def _resolve(folder: Path) -> list[Path]:
    """Download the jars with all they depend on.

    Each endpoint is resolved alone: together, log4j's parent POM would replace kafka-clients by an older one.
    """
    from jgo.env import EnvironmentBuilder, LinkStrategy
    from jgo.maven import MavenContext

    maven = MavenContext(repo_cache=folder / "repository", remote_repos=CENTRAL)
    builder = EnvironmentBuilder(maven, cache_dir=folder / "environments", link_strategy=LinkStrategy.HARD)
    jars = {jar.name: jar for endpoint in (KAFKA, LOGGING) for jar in builder.from_endpoint(endpoint).all_jars}
    return [jars[name] for name in sorted(jars)]


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def _one_process_at_a_time(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write_lock() -> None:
    with TemporaryDirectory() as folder:
        LOCK.write_text("".join(f"{_sha256(jar)}  {jar.name}\n" for jar in _resolve(Path(folder))))


if __name__ == "__main__":
    _write_lock()
