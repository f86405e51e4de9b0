#!/usr/bin/env python3
"""tools/rules sees what it is for: a rule without a test, a test without a rule, an idle removal, a stale page."""
import importlib.machinery
import importlib.util
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("rules", str(ROOT / "tools/rules"))
rules = importlib.util.module_from_spec(importlib.util.spec_from_loader("rules", loader))
loader.exec_module(rules)

PAGE = """## A. Wire

- **A01** First.
- **A02** Second.

<!-- tests of A: written by tools/rules -->
<!-- end -->
<!-- tests of B: written by tools/rules -->
<!-- end -->
<!-- tests of C: written by tools/rules -->
<!-- end -->

## D. More

- **D01** Later.

<!-- tests of later sections: written by tools/rules -->
<!-- end -->
<!-- put off: written by tools/rules -->
<!-- end -->
"""
CODE = "bool good(int a) {\n  if (a < 0) return false;\n  return a < 9;\n}\n"
TESTS = "TEST(Wire, A01_A02_NothingIsBelowZero) {\n}\nMY_WORLD(Wire, PlainOne) {\n}\n"
REMOVAL = {"rule": "A01", "what": "the lower bound", "file": "src/net/code.cpp", "old": "if (a < 0) return false;",
           "new": "", "program": "net_test", "tests": ["Wire.A01_A02_NothingIsBelowZero"]}


def toml(entry):
    return "[[removal]]\n" + "".join(f"{name} = {value!r}\n" for name, value in entry.items())


class Rules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="heliograph-rules-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("docs/security.md", PAGE)
        self.write("src/net/code.cpp", CODE)
        self.write("src/net/code_test.cpp", TESTS)
        self.removals(REMOVAL, {**REMOVAL, "rule": "A02", "what": "the upper bound", "old": "a < 9", "new": "true"})
        self.write("docs/security.md", rules.complaints(self.root)[2])

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def removals(self, *entries):
        self.write("tests/rules/a.toml", "\n".join(map(toml, entries)))

    def said(self):
        return rules.complaints(self.root)[0]

    def complains(self, *words):
        said = self.said()
        self.assertTrue(any(all(word in sentence for word in words) for sentence in said), said)

    def test_AWholePageIsLeftAlone(self):
        said, page, right = rules.complaints(self.root)
        self.assertEqual(said, [])
        self.assertEqual(page, right)
        self.assertIn("| A01 | `src/net/code_test.cpp`: A01_A02_NothingIsBelowZero | the lower bound |", page)

    def test_ARuleNeedsATestAndARemoval(self):
        self.write("src/net/code_test.cpp", "TEST(Wire, A01_Only) {\n}\n")
        self.removals({**REMOVAL, "tests": ["Wire.A01_Only"]})
        self.complains("A02 has no test")
        self.complains("A02 has no removal")
        self.assertEqual(len(self.said()), 2)

    def test_LaterSectionsAreFree(self):
        self.assertFalse(any("D01" in sentence for sentence in self.said()))

    def test_ATestNamesARuleThatExists(self):
        self.write("src/net/more_test.cpp", "TEST_F(Wire, A03_Nothing) {\n}\n")
        self.complains("more_test.cpp", "A03")

    def test_TestsOfPythonAndNodeCountToo(self):
        self.write("tests/x/x_test.py", "class X:\n    def test_D01_A09_Y(self):\n        pass\n")
        self.write("tests/x/x.mjs", "test('C44 does what it says', () => {})\n")
        self.complains("x_test.py", "A09")
        self.complains("x.mjs", "C44")
        self.assertIn("| D01 | `tests/x/x_test.py`: test_D01_A09_Y |", rules.complaints(self.root)[2])

    def test_ARemovalRemovesSomethingOnce(self):
        for change, word in [({"old": "a < 7"}, "0 times"), ({"old": "return"}, "2 times"),
                             ({"file": "src/no.cpp"}, "there is no"), ({"new": REMOVAL["old"]}, "must differ"),
                             ({"tests": []}, "names none"), ({"tests": ["Wire.Gone"]}, "no test Wire.Gone"),
                             ({"tests": ["Wire.PlainOne"]}, "does not carry"), ({"rule": "A77"}, "no such rule"),
                             ({"program": "base_test"}, "base_test has no test"), ({"what": 3}, "`what` is missing")]:
            with self.subTest(word):
                self.removals({**REMOVAL, **change})
                self.complains("tests/rules/a.toml", word)

    def test_AStalePageIsSeen(self):
        self.write("src/net/more_test.cpp", "TEST(Wire, A01_More) {\n}\n")
        said, page, right = rules.complaints(self.root)
        self.assertNotEqual(page, right)
        self.write("docs/security.md", PAGE.replace("<!-- put off: written by tools/rules -->\n", ""))
        self.complains("put off", "needs one line")


if __name__ == "__main__":
    unittest.main()
