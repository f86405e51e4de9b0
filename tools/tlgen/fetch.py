"""Single files out of pinned npm packages: fetched once, checked against schema/schema.lock, then read from the cache.

schema/package.json names one package per layer (`layer-228: npm:@mtcute/core@0.31.0`). Only the files below are taken
out of the tarballs; nothing is installed and no dependency is followed.
"""
from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / "schema-cache"
PACKAGES = ROOT / "schema" / "package.json"
LOCK = ROOT / "schema" / "schema.lock"

# What we read, by where the packages keep it.
WANTED = {
    "package/tl/static/api.tl": "api.tl",
    "package/tl/apiTl.js": "api.tl",
    "package/tl/schemaTl.js": "mtproto.tl",
    "package/api-schema.json": "api.json",
    "package/tl/api-schema.json": "api.json",
    "package/tl/raw-errors.json": "errors.json",
}


def packages() -> dict[int, str]:
    """Layer -> NAME@VERSION."""
    aliases = json.loads(PACKAGES.read_text())["dependencies"]
    return {int(alias.removeprefix("layer-")): spec.removeprefix("npm:") for alias, spec in aliases.items()}


def locked() -> dict[str, str]:
    lines = (line.split() for line in LOCK.read_text().splitlines() if not line.startswith("#"))
    return {spec: integrity for spec, integrity in lines}


def folder(spec: str) -> pathlib.Path:
    return CACHE / spec.replace("/", "-")


def fetch() -> None:
    """Fills the cache with whatever is missing."""
    missing = [spec for spec in packages().values() if not folder(spec).is_dir()]
    if not missing:
        return
    print(f"tlgen: fetching {len(missing)} schema packages", file=sys.stderr)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as place:
        for spec, tarball in pack(missing, pathlib.Path(place)).items():
            unpack(tarball, folder(spec))


def pack(specs: list[str], place: pathlib.Path) -> dict[str, pathlib.Path]:
    """Downloads packages into `place`: NAME@VERSION -> its tarball, which is the one that schema.lock knows."""
    integrity = locked()
    for spec in specs:
        if spec not in integrity:
            raise SystemExit(f"tlgen: {spec} is not in {LOCK.name}; run `python3 tools/tlgen --lock`")
    command = ["npm", "pack", "--json", "--loglevel=error", "--pack-destination", str(place), *specs]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if answer.returncode:
        raise SystemExit("tlgen: npm could not fetch the schema packages (see above); a network is needed once")
    tarballs = {}
    for entry in json.loads(answer.stdout):
        spec = f"{entry['name']}@{entry['version']}"
        tarball = place / entry["filename"].removeprefix("@").replace("/", "-")
        digest = "sha512-" + base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
        if digest != integrity[spec]:
            raise SystemExit(f"tlgen: {spec} is {digest}, but {LOCK.name} says {integrity[spec]}")
        tarballs[spec] = tarball
    return tarballs


def unpack(tarball: pathlib.Path, target: pathlib.Path) -> None:
    """Takes what we read out of a tarball. The folder appears whole or not at all."""
    fresh = tarball.with_suffix(".files")
    fresh.mkdir()
    with tarfile.open(tarball) as tar:
        for member in tar:
            if member.name in WANTED and member.isfile():
                (fresh / WANTED[member.name]).write_bytes(tar.extractfile(member).read())
    fresh.rename(target)


def lock() -> None:
    """Writes schema.lock anew from what the registry says; read the difference before you keep it."""
    lines = [LOCK.read_text().splitlines()[0]]
    for spec in sorted(set(packages().values())):
        answer = subprocess.run(["npm", "view", spec, "dist.integrity"], stdout=subprocess.PIPE, text=True, check=True)
        lines.append(f"{spec} {answer.stdout.strip()}")
    LOCK.write_text("\n".join(lines) + "\n")
