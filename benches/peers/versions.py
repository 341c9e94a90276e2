"""What is installed, as one JSON object."""

import importlib.metadata
import platform

import steps

names = ["faiss-cpu", "numpy", "pdqhash", "pillow", "threatexchange"]
versions = {name: importlib.metadata.version(name) for name in names}
steps.say({"python": platform.python_version(), **versions})
