"""threatexchange on a folder: one JSON line a file, as its command hashes them."""

import pathlib
import sys

from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_file

import steps

for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    value, quality = pdq_from_file(path)
    steps.say({"file": path.name, "hash": value, "quality": int(quality)})
