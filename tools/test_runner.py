#!/usr/bin/env python3
"""What ./test does: a list of steps, each a command that ends well or not, and one closing line.

A step counts the cases it names in a line `N passed, N failed, N skipped` (or GoogleTest's summary); a step without such
a line counts as one case. A step that fails does not stop the others, except the builds that they need.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLAIN = re.compile(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?(?:, [\d.]+ s)?$", re.M)
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in", re.M)
UNITTEST_BAD = re.compile(r"(?:failures|errors)=(\d+)")
NODE_PASSED = re.compile(r"^# pass (\d+)", re.M)
NODE_FAILED = re.compile(r"^# fail (\d+)", re.M)
GTEST_PASSED = re.compile(r"^\[  PASSED  \] (\d+) tests?", re.M)
GTEST_FAILED = re.compile(r"^\[  FAILED  \] (\d+) tests?", re.M)
GTEST_SKIPPED = re.compile(r"^\[  SKIPPED \] (\d+) tests?", re.M)


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.broken = []

    def add(self, name, output, good):
        plain = PLAIN.findall(output)
        if plain:
            passed, failed, skipped = (int(n or 0) for n in plain[-1])
        elif ran := UNITTEST_RAN.findall(output):
            failed = sum(int(n) for n in UNITTEST_BAD.findall(output))
            passed, skipped = sum(map(int, ran)) - failed, 0
        else:
            count = lambda *patterns: sum(int(n) for pattern in patterns for n in pattern.findall(output))
            passed, failed = count(GTEST_PASSED, NODE_PASSED), count(GTEST_FAILED, NODE_FAILED)
            skipped = count(GTEST_SKIPPED)
            if passed + failed + skipped == 0:
                passed = int(good)
        if not good and failed == 0:
            failed = 1
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        if failed:
            self.broken.append(name)
        return passed, failed, skipped


def run(tally, name, command, minutes=10, environment=None):
    """Runs one step; prints its last lines, or all of them when it fails. Returns whether it ended well."""
    print(f"== {name}: {' '.join(map(str, command))}", flush=True)
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=minutes * 60,
                              env={**os.environ, **(environment or {})})
        output, good = done.stdout, done.returncode == 0
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""
        output += f"\nnot finished after {minutes} minutes"
        good = False
    except FileNotFoundError as missing:
        output, good = str(missing), False
    lines = output.splitlines()
    print("\n".join(lines[-400:] if not good else lines[-3:]), flush=True)
    passed, failed, skipped = tally.add(name, output, good)
    print(f"   {name}: {passed} passed, {failed} failed, {skipped} skipped in {time.monotonic() - started:.0f} s", flush=True)
    return good


def build(tally, preset, targets=()):
    """Configures where needed and builds a preset. A build that fails is a failed case; one that works is none."""
    print(f"== build {preset}", flush=True)
    started = time.monotonic()
    if not (ROOT / f"build/{preset}/build.ninja").exists():
        done = subprocess.run(["cmake", "--preset", preset], cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout + done.stderr)
            tally.add(f"configure {preset}", "", False)
            return False
    done = subprocess.run(["ninja", "-C", f"build/{preset}", *targets], cwd=ROOT, capture_output=True, text=True)
    print(f"   build {preset}: {time.monotonic() - started:.0f} s", flush=True)
    if done.returncode:
        print(done.stdout[-20000:])
        tally.add(f"build {preset}", "", False)
    return done.returncode == 0


def time_one_file(preset="release"):
    """How long a change of one file takes to reach the program: printed, never judged."""
    file = ROOT / "src/api/messages/sending.cpp"
    if not file.exists():
        return
    text = file.read_text()
    started = time.monotonic()
    try:
        file.write_text(text + f"static_assert({time.time()} > 0);\n")
        subprocess.run(["ninja", "-C", f"build/{preset}", "heliograph"], cwd=ROOT, capture_output=True)
        print(f"   a change of {file.relative_to(ROOT)}: {time.monotonic() - started:.0f} s", flush=True)
    finally:
        file.write_text(text)
    subprocess.run(["ninja", "-C", f"build/{preset}", "heliograph"], cwd=ROOT, capture_output=True)


def node_folder():
    """A folder with a Node.js of at least version 20 first on PATH (docs/dependencies.md)."""
    done = subprocess.run(["tools/node"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return {"PATH": done.stdout.strip() + os.pathsep + os.environ["PATH"]}


def programs(preset, rooms=None):
    """The test programs of a preset, or those of some rooms. tl_oracle_test is one half of tests/tl_oracle."""
    found = sorted((ROOT / f"build/{preset}/bin").glob("*_test"))
    return [p for p in found if p.stem != "tl_oracle_test" and (not rooms or p.stem.removesuffix("_test") in rooms)]


# What strangers' bytes reach first, and what must not lose any of ours: sanitized on every change.
SANITIZED = ["tl", "crypto", "mtproto", "store", "domain", "simulation"]


def test_quick(tally):
    run(tally, "layers", ["python3", "tools/check_layers.py"])
    run(tally, "format", ["tools/format", "--check"])
    if not build(tally, "release"):
        return False
    for program in programs("release"):
        run(tally, program.stem, [program])
    run(tally, "schema", ["python3", "tools/tlgen", "--check"])
    run(tally, "tlgen", ["python3", "tools/tlgen/tlgen_test.py"])
    run(tally, "methods", ["python3", "tools/methods", "--check"])
    run(tally, "rules", ["python3", "tools/rules", "--check"])
    run(tally, "mutants apply", ["tests/mutants/run", "--check"])
    run(tally, "rules tool", ["python3", "-m", "unittest", "discover", "-s", "tests/rules", "-p", "*_test.py"])
    return True


def test_whole_server(tally, everything):
    node = node_folder()
    run(tally, "tl_oracle", ["tests/tl_oracle/run"], environment=node)
    run(tally, "owner", ["python3", "tests/owner/owner_test.py"])
    run(tally, "backup", ["python3", "tests/owner/backup_test.py"])
    run(tally, "hostile", ["python3", "tests/owner/hostile_test.py"])
    run(tally, "interop judge", ["node", "--test", "tests/interop/lib/"], environment=node)
    matrix = ["--full"] if everything else []
    run(tally, "interop", ["node", "tests/interop/run.mjs", *matrix], minutes=20, environment=node)


def test_crashes(tally):
    run(tally, "crash cycles", ["tests/crash/run", "--cycles", "5"])
    run(tally, "crash power loss", ["tests/crash/run", "--cycles", "2", "--power-loss"])
    run(tally, "crash faults", ["tests/crash/run", "--faults", "1"])
    run(tally, "crash damage", ["tests/crash/run", "--damage", "1"])
    run(tally, "power loss", ["tests/crash/power_loss_test.py"])
    run(tally, "mutants", ["tests/mutants/run"], minutes=20)


def test_sanitized(tally, everything):
    rooms = None if everything else SANITIZED
    if build(tally, "asan", [f"{room}_test" for room in rooms or []]):
        for program in programs("asan", rooms):
            run(tally, f"asan {program.stem}", [program], minutes=20)
    if everything and build(tally, "tsan"):
        for program in programs("tsan"):
            run(tally, f"tsan {program.stem}", [program], minutes=20,
                environment={"TSAN_OPTIONS": f"suppressions={ROOT}/cmake/tsan.supp"})


def test_fuzz(tally, seconds):
    if build(tally, "fuzz"):
        run(tally, "fuzz", ["fuzz/run", str(seconds)], minutes=15 + seconds // 6)


def main():
    parser = argparse.ArgumentParser(prog="./test", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="what the edit loop needs")
    parser.add_argument("--all", action="store_true", help="in addition every sanitizer on everything, long fuzzing")
    parser.add_argument("--fuzz", type=int, metavar="MINUTES", help="only fuzzing, so long for each target")
    options = parser.parse_args()
    tally = Tally()
    started = time.monotonic()

    if subprocess.run(["tools/setup", "build", "test"], cwd=ROOT).returncode:
        tally.add("setup", "", False)
    elif options.fuzz:
        test_fuzz(tally, options.fuzz * 60)
    elif test_quick(tally) and not options.quick:
        time_one_file()
        test_crashes(tally)
        test_whole_server(tally, options.all)
        test_sanitized(tally, options.all)
        test_fuzz(tally, 120 if options.all else 20)
        if options.all:
            run(tally, "rules removed", ["python3", "tools/rules", "--remove"], minutes=60)

    print(f"== {time.monotonic() - started:.0f} s in all")
    for name in tally.broken:
        print(f"   failed: {name}")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
