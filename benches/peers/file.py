"""threatexchange on files in memory: `file.py FILE...`, one after the other."""

import pathlib
import sys

from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

import steps

files = [pathlib.Path(name).read_bytes() for name in sys.argv[1:]]


def work():
    return [pdq_from_bytes(data) for data in files]


answers = [{"hash": value, "quality": int(quality)} for value, quality in work()]
steps.run({"files": answers}, work)
