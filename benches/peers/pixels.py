"""pdqhash on decoded pixels: `pixels.py FILE WIDTH HEIGHT`, the file being plain RGB."""

import sys

import numpy
import pdqhash

import steps

path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
pixels = numpy.fromfile(path, dtype=numpy.uint8).reshape(height, width, 3)


def work():
    return pdqhash.compute(pixels)


bits, quality = work()
answer = numpy.packbits(bits.astype(numpy.uint8)).tobytes().hex()
steps.run({"hash": answer, "quality": int(quality)}, work)
