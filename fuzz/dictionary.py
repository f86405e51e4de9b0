"""Every constructor and method id that the codec knows, as words of a libFuzzer dictionary: chance alone would take years.

  python3 dictionary.py INDEX.cpp OUTPUT      INDEX.cpp: the generated table of ids
"""
import pathlib
import re
import sys

source, output = map(pathlib.Path, sys.argv[1:])
ids = {int(number, 16) for number in re.findall(r"\{0x([0-9a-f]{8}), &", source.read_text())}
if not ids:
    sys.exit(f"{source}: no ids found; has the table changed its form?")
ids |= {0x1CB5C415, 0x997275B5, 0xBC799737}  # vector, boolTrue, boolFalse

def word(number):
    return '"' + "".join(f"\\x{byte:02x}" for byte in number.to_bytes(4, "little")) + '"\n'


output.write_text("".join(word(number) for number in sorted(ids)))
