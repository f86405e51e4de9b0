#!/usr/bin/env python3
"""Rules that a look at the source proves: where chance comes from (C19 of docs/security.md)."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Every source of chance but ours. OpenSSL's own, behind RSA blinding and key generation, is seeded by the kernel and sees
# forks; nobody calls it for bytes.
FOREIGN = re.compile("|".join([
    r"\b(?:s?rand|rand_r|[sd]rand48|lrand48|mrand48|s?random_r|srandom|arc4random\w*|RAND_\w*bytes|BN_\w*rand\w*)\s*\(",
    r"\b(?:mt19937(?:_64)?|minstd_rand0?|ranlux\w+|knuth_b|default_random_engine|random_device|random_shuffle)\b",
    r"\b\w+_distribution\b", r"\bstd::s(?:huffle|ample)\b", r"[\"<](?:boost/random\b[^\">]*|random)[\">]"]))
SEEDED = re.compile(r"\bSeededRandom\b")
# Where the seeded one is defined, what only tests link (the stores and worlds that they run on), and the traffic
# of the store's benchmark, which is the same in every run.
SEEDED_HOMES = ("src/base/random.", "src/store/memory/model_", "src/store/kv_conformance.", "src/store/rocks/bench/",
                "src/domain/testing/")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)


def shipped():
    """(file, text) of what becomes the server: everything but tests."""
    for path in sorted((ROOT / "src").rglob("*")):
        file = path.relative_to(ROOT).as_posix()
        if path.suffix in (".h", ".cpp") and not file.endswith("_test.cpp") and not path.name.startswith("test_"):
            yield file, path.read_text()


def foreign_chance(text):
    return [match.group() for match in FOREIGN.finditer(COMMENT.sub("", text))]


def uses_a_seed(file, text):
    return not file.startswith(SEEDED_HOMES) and SEEDED.search(COMMENT.sub("", text)) is not None


class Source(unittest.TestCase):
    def test_C19_NothingButTheKernelIsChance(self):
        files = dict(shipped())
        self.assertGreater(len(files), 100)
        for file, text in files.items():
            self.assertEqual(foreign_chance(text), [], file)
        self.assertIn("getrandom(", files["src/base/random.cpp"])

    def test_C19_NothingThatShipsIsSeeded(self):
        for file, text in shipped():
            self.assertFalse(uses_a_seed(file, text), file)

    def test_C19_TheseTestsSeeWhatTheyLookFor(self):
        for bad in ["int a = rand();", "srand(1);", "std::mt19937 g(1);", "std::random_device d;", "RAND_bytes(out, 8);",
                    "std::uniform_int_distribution<int> d(0, 9);", "#include <random>", "std::shuffle(a, b, g);",
                    "std::mt19937_64 g;", "x = drand48 ();", "RAND_priv_bytes(out, 8);", "BN_rand(n, 8, 0, 0);"]:
            self.assertTrue(foreign_chance(bad), bad)
        for good in ["random.bytes(8)", "SystemRandom random;", "// never rand()", "operand(1)", "make_random()",
                     "getrandom(to, size, 0)", "Random& random", "#include \"base/random.h\"", "#include <sys/random.h>",
                     "random_.fill(x)", "/* mt19937 */"]:
            self.assertEqual(foreign_chance(good), [], good)
        self.assertTrue(uses_a_seed("src/mtproto/shard.cpp", "SeededRandom random(1);"))
        self.assertTrue(uses_a_seed("src/api/x.h", "std::make_unique<SeededRandom>(7)"))
        self.assertFalse(uses_a_seed("src/mtproto/shard.cpp", "SystemRandom random; // not SeededRandom"))
        self.assertFalse(uses_a_seed("src/base/random.h", "class SeededRandom"))


if __name__ == "__main__":
    unittest.main()
