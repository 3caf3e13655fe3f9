"""A disk that fills up and fails to sync, under the servers that are started with its `environ`."""

import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("disk.c")
FAULTS = ("full", "deaf")


class Disk:
    """Compiled here; does nothing until it is told."""

    def __init__(self, folder: Path) -> None:
        self._switch = folder / "disk"
        library = folder / "disk.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
        self.environ = {"LD_PRELOAD": str(library), "FAULTS_DISK": str(self._switch)}

    def fill(self) -> None:
        """No write to a database finds room; half of them find some, for their first half."""
        self._switch.with_suffix(".full").touch()

    def fall_deaf(self) -> None:
        """What is written is there, and nobody can say whether it stays: fsync is an I/O error."""
        self._switch.with_suffix(".deaf").touch()

    def mend(self) -> None:
        for fault in FAULTS:
            self._switch.with_suffix(f".{fault}").unlink(missing_ok=True)
