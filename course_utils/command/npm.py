"""JavaScript from npm: one version of a package, checked, and kept in the course's cache."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from course_utils.caching import save_whole
from course_utils.command.terminal import CommandError
from course_utils.paths import cache_dir

ANSWER_SECONDS = 30.0  # for npm's server to answer
TIMEOUT = 120.0  # seconds for the whole download


@dataclass(frozen=True)
class Package:
    """One version of a package.

    Attributes
    ----------
    name, version : str
        As npm knows them.
    integrity : str
        ``sha512-`` and the hash of the archive in base 64, as ``npm view NAME dist.integrity``
        prints it.
    """

    name: str
    version: str
    integrity: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    def files(self, *names: str) -> list[str]:
        """Text of files of the package, which is fetched if it is not in the cache.

        Raises
        ------
        CommandError
            If it is neither in the cache nor to be had.
        """
        kept = cache_dir() / "npm" / f"{self.name}-{self.version}.tgz"
        if not kept.is_file() or not self._is_whole(kept.read_bytes()):
            try:
                archive = self._fetch(kept)
                kept.parent.mkdir(parents=True, exist_ok=True)
                save_whole(kept, lambda file: file.write(archive))
            except OSError as error:
                raise CommandError(
                    f"Cannot keep {self} in {kept.parent} ({error.strerror}). Make room, or name "
                    "another folder in the environment variable COURSE_CACHE."
                ) from error
        with tarfile.open(kept) as archive:
            return [archive.extractfile(f"package/{name}").read().decode("utf-8") for name in names]

    def _is_whole(self, archive: bytes) -> bool:
        return self.integrity == f"sha512-{hash_of(archive)}"

    def _fetch(self, kept: Path) -> bytes:
        npm = shutil.which("npm")
        if npm is None:
            raise CommandError(
                f"{self} is fetched with npm, which is missing. Install Node.js (nodejs.org), or "
                f"copy {kept} from a machine that has it."
            )
        with tempfile.TemporaryDirectory() as folder:
            command = [npm, "pack", f"{self.name}@{self.version}", "--pack-destination", folder]
            command += ["--ignore-scripts", "--fetch-retries=0", "--loglevel=error"]
            command.append(f"--fetch-timeout={ANSWER_SECONDS * 1000:.0f}")
            try:
                done = subprocess.run(
                    command,
                    cwd=folder,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=TIMEOUT,
                )
            except subprocess.TimeoutExpired:
                raise self._not_had(f"took over {TIMEOUT:.0f} s", kept) from None
            archives = list(Path(folder).glob("*.tgz"))
            if done.returncode or len(archives) != 1:
                said = [line.removeprefix("npm error ") for line in done.stderr.splitlines()]
                told = [line for line in said if not line.startswith(("code ", "errno "))]
                (reason,) = (told or said or ["no archive"])[:1]
                raise self._not_had(reason, kept)
            archive = archives[0].read_bytes()
        if not self._is_whole(archive):
            raise self._not_had("another file than the course was tested with", kept)
        return archive

    def _not_had(self, reason: str, kept: Path) -> CommandError:
        return CommandError(
            f"Cannot fetch {self} with npm ({reason}). Run the command once where there is a "
            f"network; the package is kept in {kept.parent}, and no network is needed again."
        )


def hash_of(archive: bytes) -> str:
    """SHA-512 in base 64, as npm writes it."""
    return base64.b64encode(hashlib.sha512(archive).digest()).decode()
