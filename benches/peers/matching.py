"""FAISS: `matching.py flat|multihash FOLDER STRIDE DISTANCE`, on what Seawall saved.

Every STRIDEth query is looked up, all in one call, on one thread. The multi-hash index has
16 tables of 16 bits and flips as many of them as it takes to find every pair.
"""

import sys
import time

import faiss
import numpy

import steps

kind, folder, stride, distance = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
faiss.omp_set_num_threads(1)


def rows(name):
    return numpy.fromfile(f"{folder}/{name}", dtype=numpy.uint8).reshape(-1, 32)


listed, asked = rows("list.bin"), rows("queries.bin")
chosen = numpy.arange(0, len(asked), stride)
asked = numpy.ascontiguousarray(asked[chosen])
pairs = numpy.fromfile(f"{folder}/pairs.bin", dtype="<u4").reshape(-1, 2)

before, started = steps.resident_mb(), time.perf_counter()
if kind == "flat":
    index = faiss.IndexBinaryFlat(256)
else:
    index = faiss.IndexBinaryMultiHash(256, 16, 16)
    index.nflip = distance // 16
index.add(listed)
seconds = time.perf_counter() - started
# The list that was read is not part of the index, and flat's copy is.
resident = steps.resident_mb() - before


def work():
    # FAISS returns what is nearer than its radius.
    return index.range_search(asked, distance + 1)


limits, _, ids = work()
found = {(int(chosen[q]), int(row)) for q in range(len(asked)) for row in ids[limits[q] : limits[q + 1]]}
expected = {(int(q), int(row)) for q, row in pairs if q % stride == 0}
ready = {
    "queries": len(asked),
    "pairs_expected": len(expected),
    "pairs_found": len(found & expected),
    "pairs_unexpected": len(found - expected),
    "build_seconds": seconds,
    "resident_mb": resident,
}
steps.run(ready, work)
