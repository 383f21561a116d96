"""Open damaged copies of a file, one after the other, in a process of its own.

Its arguments are those of ``main``. It prints the number of each copy before it is opened: libhdf5, a C library, may
end the process, or never return, upon which a signal ends it.
"""

import random
import signal
import sys
from pathlib import Path

from gatescope.importers import Request
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.keras_file import IMPORTER

MOST_SECONDS = 10  # for one copy
REPLACEMENTS = (0, 1, 127, 128, 255)


def damaged(whole: bytes, seed: str) -> bytes:
    """A copy with up to 12 bytes changed."""
    some, data = random.Random(seed), bytearray(whole)
    for _ in range(some.randint(1, 12)):
        data[some.randrange(len(data))] = some.choice([*REPLACEMENTS, some.randrange(256)])
    return bytes(data)


def main(source: str, folder: str, seed: str, first: str, count: str) -> None:
    whole, path = Path(source).read_bytes(), Path(folder) / Path(source).name
    for n in range(int(first), int(count)):
        print(n, flush=True)  # noqa: T201 - what the test reads
        path.write_bytes(damaged(whole, f"{seed} {n}"))
        signal.alarm(MOST_SECONDS)
        try:
            IMPORTER.open(Request(path, "lstm", {"activations": "tanh+sigmoid"}))
        except ImportRefusedError as error:
            if "\n" in str(error) or not str(error):
                raise


if __name__ == "__main__":
    main(*sys.argv[1:])
