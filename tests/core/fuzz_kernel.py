"""A byte-level fuzzer of the kernel: `python -m tests.core.fuzz_kernel --inputs 1000000`.

Passages of the corpus are cut, joined and changed byte by byte and character by character. Every input is scored by a
kernel whose caches are so small that they overflow all the time; every so often the NumPy engine and the explanation
have to agree with it. `--sanitize` builds the kernel once more with AddressSanitizer and UndefinedBehaviorSanitizer in
a temporary folder and runs the same inputs through that.
"""

import argparse
import csv
import importlib.machinery
import importlib.util
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

ODD = [
    chr(code)
    for code in (
        0x640,
        0x64B,
        0x653,
        0x654,
        0x655,
        0xFEFB,
        0xFDFA,
        0xFDFD,
        0x200F,
        0xFEFF,
        0x202E,
        0x5F,
        0x6F5,
        0x665,
        0x2160,
        0x130,
        0x3A3,
        0xDF,
        0xD83D,
        0xDC00,
        0x1F600,
        0x1D400,
        0x10330,
        0x0,
        0xA,
        0x9,
        0x2028,
        0x301,
        0x1D2B,
        0xFF21,
    )
]
"""Marks, ligatures, controls, digits of four kinds, halves of surrogate pairs, letters past the basic plane."""
PARTS = 6


def inputs(number: int, seed: int, texts: list[str]) -> Iterator[str]:
    """So many texts of any kind, the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(number):
        yield one_input(chance, texts)


def one_input(chance: random.Random, texts: list[str]) -> str:
    kind = chance.random()
    text = "".join(a_part(chance, texts) for _ in range(chance.randint(0, PARTS)))
    if kind < 0.4:
        raw = bytearray(text.encode("utf-8", "surrogatepass"))
        for _ in range(chance.randint(0, 8)):
            if raw:
                raw[chance.randrange(len(raw))] = chance.randrange(256)
        return raw.decode("utf-8", chance.choice(("replace", "ignore", "surrogateescape")))
    if kind < 0.42:
        return text + chance.choice((*ODD, "ا", "x")) * chance.randint(1, 5000)
    if kind < 0.5:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randint(0, 60)))
    return text


def a_part(chance: random.Random, texts: list[str]) -> str:
    if chance.random() < 0.2:
        return chance.choice(ODD)
    text = chance.choice(texts)
    start = chance.randrange(len(text))
    part = text[start : start + chance.randint(0, 120)]
    if chance.random() < 0.3:
        place = chance.randint(0, len(part))
        part = part[:place] + chance.choice(ODD) + part[place:]
    return part


def run(number: int, seed: int, compare_every: int) -> None:
    import numpy as np

    from app.tagger import Tagger, compiled
    from app.tagger.compiled import KernelScorer
    from app.tagger.normalise import Normaliser
    from app.tagger.score import WordTableScorer

    with Path("data/passages.csv").open(encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    bundle = Tagger.open("models/default").bundle
    compiled.CACHED_WORDS, compiled.CACHED_SPELLINGS = 64, 200
    kernel = KernelScorer(bundle.model, Normaliser(bundle.folding))
    peer = WordTableScorer(bundle.model, Normaliser(bundle.folding))
    for place, text in enumerate(inputs(number, seed, texts)):
        found = kernel.score(text)
        assert all(0 <= score <= 1 for score in found.scores), place
        if place % compare_every == 0:
            expected = peer.score(text)
            assert (found.words, found.unknown) == (expected.words, expected.unknown), place
            assert abs(found.arabic - expected.arabic) < 1e-12, place
            assert np.allclose(found.scores, expected.scores, rtol=0, atol=1e-5), place
            topics = list(range(bundle.model.topics))
            ours, theirs = kernel.shares(text, topics), peer.shares(text, topics)
            assert (ours.starts, ours.ends) == (theirs.starts, theirs.ends), place
            assert np.allclose(ours.shares, theirs.shares, rtol=0, atol=1e-4), place
        if place % 100_000 == 99_999:
            print(f"{place + 1} inputs", flush=True)
    print(f"{number} inputs, every {compare_every}th compared with NumPy: all well")


def build_sanitized(folder: Path) -> Path:
    """The kernel with both sanitizers, as a library in `folder`."""
    source, library = folder / "engine.c", folder / "engine.so"
    subprocess.run([sys.executable, "-m", "cython", "-3", "app/tagger/kernel/engine.pyx", "-o", source], check=True)
    flags = ["-O1", "-g", "-shared", "-fPIC", "-fwrapv", "-fno-omit-frame-pointer", "-fsanitize=address,undefined"]
    flags += ["-fno-sanitize-recover=undefined", "-I", sysconfig.get_paths()["include"]]
    subprocess.run(["gcc", *flags, source, "-o", library], check=True)
    return library


def use_library(library: str) -> None:
    """Take the kernel from a file instead of the installed one."""
    name = "app.tagger.kernel.engine"
    loader = importlib.machinery.ExtensionFileLoader(name, library)
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[name] = module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compare-every", type=int, default=50)
    parser.add_argument("--sanitize", action="store_true")
    parser.add_argument("--library", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.sanitize:
        with tempfile.TemporaryDirectory() as folder:
            library = build_sanitized(Path(folder))
            asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)
            environment = os.environ | {"LD_PRELOAD": asan.stdout.strip(), "ASAN_OPTIONS": "detect_leaks=0"}
            command = [sys.executable, "-m", "tests.core.fuzz_kernel", "--library", str(library)]
            command += ["--inputs", str(given.inputs), "--seed", str(given.seed)]
            command += ["--compare-every", str(given.compare_every)]
            sys.exit(subprocess.run(command, env=environment, check=False).returncode)
    if given.library:
        use_library(given.library)
    run(given.inputs, given.seed, given.compare_every)


if __name__ == "__main__":
    main()
