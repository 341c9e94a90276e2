"""Makes pictures from seeds: `pictures.py FOLDER COUNT WIDTH HEIGHT FIRST_SEED`.

Soft clouds of colour, shapes with edges and a little noise, which is what a hash has to see in
a photograph, and a file about as large as a photograph's. Harmless patterns, nothing else.
"""

import pathlib
import sys

import numpy
from PIL import Image, ImageDraw


def clouds(random, width, height):
    total = numpy.zeros((height, width, 3), dtype=numpy.float32)
    for cells, weight in ((3, 90), (6, 60), (13, 36), (29, 20)):
        small = random.integers(0, 256, (cells, cells, 3), dtype=numpy.uint8)
        large = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
        total += numpy.asarray(large, dtype=numpy.float32) * (weight / 206)
    return total


def picture(seed, width, height):
    random = numpy.random.default_rng(seed)
    canvas = Image.fromarray(clouds(random, width, height).astype(numpy.uint8))
    draw = ImageDraw.Draw(canvas)
    for _ in range(9):
        x, y, side = random.random(), random.random(), 0.04 + 0.22 * random.random()
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        box = [x * width, y * height, (x + side) * width, (y + side) * height]
        (draw.ellipse if random.random() < 0.5 else draw.rectangle)(box, fill=colour)
    noise = random.integers(-9, 10, (height, width, 1), dtype=numpy.int16)
    pixels = numpy.asarray(canvas, dtype=numpy.int16) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


def main():
    folder, count, width, height, first = sys.argv[1], *map(int, sys.argv[2:])
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        path = f"{folder}/picture-{width}-{seed:03}.jpg"
        picture(seed, width, height).save(path, quality=85)


main()
