"""Unpacks the schema packages whole, code and all, and writes which one speaks which layer (see generate.mjs).

  python3 unpack.py FOLDER      FOLDER/packages/NAME@VERSION/, FOLDER/packages.json

Versions and hashes are those of schema/: what the code generator reads is what its oracle runs.
"""
import json
import pathlib
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/tlgen"))
sys.dont_write_bytecode = True

import fetch


def main(place: pathlib.Path) -> None:
    packages = place / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    folder = {spec: packages / spec.replace("/", "-") for spec in fetch.packages().values()}
    missing = [spec for spec in folder if not folder[spec].is_dir()]
    if missing:
        with tempfile.TemporaryDirectory(dir=place) as fresh:
            for spec, tarball in fetch.pack(missing, pathlib.Path(fresh)).items():
                with tarfile.open(tarball) as tar:
                    code = [m for m in tar if m.isfile() and m.name.endswith((".js", ".cjs", ".json", ".tl"))]
                    tar.extractall(pathlib.Path(fresh) / spec, code)
                (pathlib.Path(fresh) / spec / "package").rename(folder[spec])

    families: dict[str, list] = {"mtcute": [], "gramjs": []}
    for layer, spec in sorted(fetch.packages().items(), reverse=True):
        family = "gramjs" if spec.startswith("telegram@") else "mtcute"
        families[family].append({"layer": layer, "folder": str(folder[spec])})
    text = {"runtime": str(place), "between": str(ROOT / "schema/layers_between.txt"),
            "conversions": str(ROOT / "schema/conversions.txt"), **families}
    (place / "packages.json").write_text(json.dumps(text, indent=1) + "\n")


main(pathlib.Path(sys.argv[1]).resolve())
