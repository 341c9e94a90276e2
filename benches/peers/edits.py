"""Edits every picture of a folder in ordinary ways: `edits.py FROM TO`.

Only what people and programs do to pictures every day; no search for what escapes.
"""

import pathlib
import sys

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps


def caption(picture):
    edited = picture.copy()
    width, height = edited.size
    draw = ImageDraw.Draw(edited)
    draw.rectangle([0, height * 0.9, width, height], fill=(0, 0, 0))
    draw.text((width * 0.1, height * 0.91), "An ordinary caption", fill=(255, 255, 255), font_size=height * 0.07)
    return edited


def border(picture):
    return ImageOps.expand(picture, border=picture.size[1] // 10, fill=(0, 0, 0))


def crop(picture):
    width, height = picture.size
    return picture.crop((width // 50, height // 50, width - width // 50, height - height // 50))


def resize(share):
    return lambda picture: picture.resize([max(5, round(side * share)) for side in picture.size])


def enhance(kind, factor):
    return lambda picture: kind(picture).enhance(factor)


EDITS = {
    "recompress": lambda picture: picture,
    "resize to 50 %": resize(0.5),
    "resize to 25 %": resize(0.25),
    "grey": lambda picture: picture.convert("L"),
    "brightness + 20 %": enhance(ImageEnhance.Brightness, 1.2),
    "brightness - 20 %": enhance(ImageEnhance.Brightness, 0.8),
    "contrast + 25 %": enhance(ImageEnhance.Contrast, 1.25),
    "contrast - 25 %": enhance(ImageEnhance.Contrast, 0.75),
    "blur": lambda picture: picture.filter(ImageFilter.GaussianBlur(picture.size[1] / 300)),
    "caption": caption,
    "border": border,
    "crop of 2 %": crop,
    "rotate 90": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "rotate 180": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "mirror": ImageOps.mirror,
}


def main():
    source, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        picture = Image.open(path).convert("RGB")
        for name, edit in EDITS.items():
            quality = 40 if name == "recompress" else 90
            edit(picture).save(target / f"{path.stem}@{name}.jpg", quality=quality)


main()
