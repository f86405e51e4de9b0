#!/usr/bin/env python3
"""libpower_loss.so and power_loss_cut forget exactly what was not flushed, for every call that changes files.

    tests/crash/power_loss_test.py [TEST...]

A scenario is a few lines of Python that run in a folder under the library and end with kill -9. Then comes the cut.
"""
import importlib.machinery
import importlib.util
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = pathlib.Path(os.environ.get("POWER_LOSS_LIBRARY", HERE.parents[1] / "build/release/bin/libpower_loss.so"))

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("power_loss_cut", str(HERE / "power_loss_cut"))
power_loss_cut = importlib.util.module_from_spec(importlib.util.spec_from_loader("power_loss_cut", loader))
loader.exec_module(power_loss_cut)

PROLOGUE = """
import ctypes, errno, os, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
libc.fopen.restype = ctypes.c_void_p
def make(name, content, flags=os.O_TRUNC):
    fd = os.open(name, os.O_CREAT | os.O_RDWR | flags)
    os.write(fd, content)
    return fd
def flush(name="."):
    fd = os.open(name, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)
def kept(name, content):
    os.fsync(make(name, content))
    flush(os.path.dirname(name) or ".")
"""


class PowerLoss(unittest.TestCase):
    def setUp(self):
        self.folders()

    def folders(self):
        folder = tempfile.TemporaryDirectory(prefix="heliograph-power-loss-")
        self.addCleanup(folder.cleanup)
        self.root, self.undo = pathlib.Path(folder.name, "root"), pathlib.Path(folder.name, "undo")
        self.root.mkdir()
        self.undo.mkdir()

    def start(self, scenario, **environment):
        code = PROLOGUE + textwrap.dedent(scenario) + "\nos.kill(os.getpid(), 9)\n"
        return subprocess.Popen([sys.executable, "-S", "-c", code], cwd=self.root, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE,
                                env={**os.environ, "LD_PRELOAD": str(LIBRARY), "POWER_LOSS_ROOT": str(self.root),
                                     "POWER_LOSS_UNDO": str(self.undo), "PYTHONDONTWRITEBYTECODE": "1", **environment})

    def run_killed(self, scenario, **environment):
        process = self.start(scenario, **environment)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGKILL, errors.decode())
        return output.decode()

    def cut(self, seed=1, everything=False):
        power_loss_cut.cut(self.undo, self.root, seed, everything)
        self.assertEqual(list(self.undo.iterdir()), [])

    def left(self):
        """Path of each file below the root -> its content; of each folder -> None."""
        return {str(path.relative_to(self.root)): None if path.is_dir() else path.read_bytes()
                for path in self.root.rglob("*")}

    def leaves(self, scenario, expected, **environment):
        self.run_killed(scenario, **environment)
        self.cut(everything=True)
        self.assertEqual(self.left(), expected)

    # ---- Bytes

    def test_what_was_flushed_stays(self):
        self.leaves("kept('a', b'one'); kept('b', b''); os.fdatasync(make('b', b'two'))", {"a": b"one", "b": b"two"})

    def test_every_way_to_write_is_forgotten(self):
        writes = {
            "write": "os.lseek(fd, 2, 0); os.write(fd, b'XY')",
            "append": "os.write(os.open('a', os.O_WRONLY | os.O_APPEND), b'XY')",
            "append at an offset": "os.pwrite(os.open('a', os.O_WRONLY | os.O_APPEND), b'XY', 1)",
            "pwrite": "os.pwrite(fd, b'XY', 3)",
            "pwrite over the end": "os.pwrite(fd, b'XYZ', 4)",
            "pwrite behind the end": "os.pwrite(fd, b'XYZ', 9000)",
            "writev": "os.writev(fd, [b'X', b'YZ'])",
            "pwritev": "os.pwritev(fd, [b'X', b'YZ'], 2)",
            "sendfile": "os.sendfile(fd, os.open(sys.executable, os.O_RDONLY), 0, 5000)",
            "copy_file_range": "os.copy_file_range(make('b', b'XYZ'), fd, 3, 0, 2); os.unlink('b')",
            "ftruncate": "os.ftruncate(fd, 2)",
            "ftruncate and write": "os.ftruncate(fd, 2); os.pwrite(fd, b'XYZ', 1)",
            "ftruncate beyond": "os.ftruncate(fd, 10000)",
            "truncate": "os.truncate('a', 0)",
            "open to empty it": "os.open('a', os.O_WRONLY | os.O_TRUNC)",
            "creat": "libc.creat(b'a', 0o600)",
            "fopen": "libc.fopen(b'a', b'w')",
            "posix_fallocate": "os.posix_fallocate(fd, 0, 10000)",
            "a hole": "assert libc.fallocate(fd, 3, ctypes.c_long(1), ctypes.c_long(2)) == 0",
            "another descriptor": "os.pwrite(os.dup(fd), b'XY', 0); os.close(fd)",
            "a later name": "os.rename('a', 'c'); flush(); os.rename('c', 'a'); flush(); os.pwrite(fd, b'XY', 0)",
            "many": "[os.pwrite(fd, bytes([n]) * n, n) for n in range(1, 50)]",
            "a flush of a range": "os.pwrite(fd, b'XY', 0); libc.sync_file_range(fd, 0, 10, 7)",
        }
        for name, write in writes.items():
            with self.subTest(name):
                self.folders()
                self.run_killed(f"kept('a', b'12345'); fd = os.open('a', os.O_RDWR); {write}")
                self.assertNotEqual((self.root / "a").read_bytes() if name != "a later name" else b"", b"12345")
                self.cut(everything=True)
                self.assertEqual(self.left(), {"a": b"12345"})

    def test_a_flush_keeps_what_was_written_before_it_and_nothing_after_it(self):
        self.leaves("""
            kept('a', b'12345')
            fd = os.open('a', os.O_RDWR)
            os.pwrite(fd, b'AB', 1); os.fsync(fd); os.pwrite(fd, b'CD', 2); os.pwrite(fd, b'6', 5)""", {"a": b"1AB45"})

    def test_a_synchronous_write_is_its_own_flush(self):
        self.leaves("""
            kept('a', b'12345'); kept('b', b'12345')
            os.write(os.open('a', os.O_WRONLY | os.O_DSYNC), b'AB')
            os.pwrite(os.open('b', os.O_RDWR), b'X', 4)
            os.pwrite(os.open('b', os.O_WRONLY | os.O_SYNC), b'AB', 0)""", {"a": b"AB345", "b": b"AB345"})

    def test_large_old_content_comes_back(self):
        self.leaves("kept('a', bytes(range(256)) * 20000); os.open('a', os.O_WRONLY | os.O_TRUNC); make('a', b'x')",
                    {"a": bytes(range(256)) * 20000})

    def test_what_a_failed_flush_should_have_kept_is_lost_whatever_the_next_one_says(self):
        scenario = """
            kept('a', b'12345'); kept('b', b'12345')
            fd, other = os.open('a', os.O_RDWR), os.open('b', os.O_RDWR)
            os.pwrite(fd, b'A', 0); os.fsync(fd)
            os.pwrite(fd, b'B', 1); os.pwrite(other, b'A', 0)
            os.fsync(other)
            try: os.fdatasync(fd); print('flushed')
            except OSError as failed: print(errno.errorcode[failed.errno])
            os.fdatasync(fd); os.pwrite(fd, b'E', 4); os.fdatasync(fd)
            sys.stdout.flush()"""
        self.assertEqual(self.run_killed(scenario, POWER_LOSS_FAIL_SYNC="3:/a"), "EIO\n")
        self.cut(everything=True)
        self.assertEqual(self.left(), {"a": b"A234E", "b": b"A2345"})

    def test_a_folders_failed_flush_loses_its_names(self):
        self.leaves("""
            os.mkdir('d'); flush(); os.fsync(make('d/a', b'1'))
            try: flush('d')
            except OSError as failed: assert failed.errno == errno.EIO
            flush('d'); os.fsync(make('d/b', b'2')); os.mkdir('d/e')
            try: flush('d/e')
            except OSError as failed: assert failed.errno == errno.EIO
            flush('d')""", {"d": None, "d/b": b"2", "d/e": None}, POWER_LOSS_FAIL_SYNC="3")

    # ---- Names

    def test_a_name_is_kept_by_its_folders_flush_only(self):
        self.leaves("os.fsync(make('a', b'1'))", {})
        self.leaves("make('a', b'1'); flush()", {"a": b""})
        self.leaves("os.mkdir('d'); kept('d/a', b'1')", {"a": b""})
        self.leaves("os.mkdir('d'); flush(); kept('d/a', b'1'); os.fsync(make('d/b', b'1'))",
                    {"a": b"", "d": None, "d/a": b"1"})

    def test_every_change_of_names_is_undone(self):
        before = {"a": b"one", "b": b"two", "d": None, "d/a": b"three", "e": None}
        changes = {
            "create": "make('n', b'')", "open in a folder": "os.open('n', os.O_CREAT, dir_fd=os.open('d', 0))",
            "fopen": "libc.fopen(b'n', b'w')", "mkdir": "os.mkdir('n')", "mkdirat": "os.mkdir('n', dir_fd=os.open('d', 0))",
            "link": "os.link('a', 'n')", "symlink": "os.symlink('a', 'n')",
            "unlink": "os.unlink('a')", "unlinkat": "os.unlink('a', dir_fd=os.open('d', 0))",
            "remove": "libc.remove(b'a')", "remove a folder": "libc.remove(b'e')", "rmdir": "os.rmdir('e')",
            "rename": "os.rename('a', 'n')", "rename over": "os.rename('a', 'b')",
            "rename away": "os.rename('a', 'd/a')", "renameat": "os.rename('a', 'n', src_dir_fd=os.open('d', 0))",
            "rename a folder": "os.rename('d', 'n')", "rename a folder over": "os.rename('d', 'e')",
            "rename what was made": "os.fsync(make('n', b'')); os.rename('n', 'a')",
            "make again": "os.unlink('a'); os.fsync(make('a', b'new'))",
            "a folder for a file": "os.unlink('a'); os.mkdir('a'); os.mkdir('a/b')",
            "a file for a folder": "os.rmdir('e'); make('e', b'')",
            "remove all": "import shutil; shutil.rmtree('d'); os.mkdir('d')",
            "swap": "os.rename('a', 'n'); os.rename('b', 'a'); os.rename('n', 'b')",
            "numbers come again": "[(os.unlink(make(n, b'x') and n), os.mkdir(n), os.rmdir(n)) for n in 'xyz' * 9]",
        }
        for name, change in changes.items():
            with self.subTest(name):
                self.folders()
                self.run_killed("kept('a', b'one'); kept('b', b'two'); os.mkdir('d'); os.mkdir('e'); flush();"
                                f"kept('d/a', b'three'); {change}")
                self.cut(everything=True)
                self.assertEqual(self.left(), before)

    def test_a_rename_is_kept_by_either_folder_and_whole(self):
        for folder in [".", "d"]:
            with self.subTest(folder):
                self.folders()
                self.leaves(f"os.mkdir('d'); kept('a', b'1'); os.rename('a', 'd/b'); flush({folder!r})",
                            {"d": None, "d/b": b"1"})

    def test_what_goes_away_for_ever_takes_no_room(self):
        self.run_killed("kept('a', b'1' * 9000); os.mkdir('d'); make('b', b''); flush(); os.unlink('a'); os.unlink('b');"
                        "make('d/a', b'1'); os.unlink('d/a'); os.rmdir('d'); flush()")
        self.assertEqual([path for path in self.undo.rglob("*") if path.parent != self.undo], [])
        self.assertEqual((self.undo / "names").stat().st_size, 0)

    def test_names_outside_are_left_alone(self):
        outside = self.root.parent / "outside"
        self.leaves(f"make({str(outside)!r}, b'1'); os.rename({str(outside)!r}, 'a')", {})
        self.assertFalse(outside.exists())

    # ---- More than one process, more than one thread

    def test_a_killed_process_does_not_flush_for_the_next(self):
        self.run_killed("kept('a', b'12345'); kept('b', b'12345'); [os.pwrite(os.open(n, 1), b'A', 0) for n in 'ab'];"
                        "make('c', b''); make('d', b'')")
        self.run_killed("fd = os.open('a', 1); os.pwrite(fd, b'E', 4); os.fsync(fd); os.unlink('c')")
        self.cut(everything=True)
        self.assertEqual(self.left(), {"a": b"A234E", "b": b"12345"})

    def test_threads_lose_nothing_that_was_flushed_and_keep_nothing_else(self):
        process = self.start("""
            kept('shared', bytes(800))
            shared = os.open('shared', os.O_RDWR)
            def work(number):
                own, count = make(str(number), b''), 0
                flush()
                while True:
                    count += 1
                    os.pwrite(shared, bytes([count % 256]) * 100, number * 100)
                    os.write(own, count.to_bytes(4, 'big'))
                    os.fsync(own)
                    if count % 3 == 0: os.fdatasync(shared)
                    os.write(1, b'%d %d\\n' % (number, count))
                    os.close(make(f'{number}.new', b'%d' % count))
                    os.rename(f'{number}.new', f'{number}.old')
                    flush()
            for number in range(8): threading.Thread(daemon=True, target=work, args=[number]).start()
            while threading.active_count() == 9: threading.Event().wait(0.01)""")
        answered = [0] * 8
        for line in process.stdout:
            number, count = map(int, line.split())
            answered[number] = count
            if min(answered) >= 20:
                break
        self.assertGreaterEqual(min(answered), 20, process.poll() and process.stderr.read())
        process.kill()
        for line in process.communicate()[0].splitlines():
            number, count = map(int, line.split())
            answered[number] = count
        self.cut(everything=True)
        shared = (self.root / "shared").read_bytes()
        self.assertEqual(len(shared), 800)
        for number in range(8):
            own = (self.root / str(number)).read_bytes()
            flushed = b"".join(n.to_bytes(4, "big") for n in range(1, answered[number] + 2))
            self.assertIn(len(own), [len(flushed) - 4, len(flushed)])
            self.assertTrue(flushed.startswith(own))
            block = shared[number * 100:number * 100 + 100]
            self.assertEqual(block, block[:1] * 100)
            self.assertGreaterEqual(block[0], answered[number] - answered[number] % 3)
            self.assertLessEqual(block[0], answered[number] + 1)

    def test_what_is_written_during_a_flush_is_not_flushed(self):
        written = int(self.run_killed("""
            kept('a', b'')
            fd, done, written = os.open('a', os.O_RDWR), threading.Event(), 0
            os.pwrite(fd, bytes(64 << 20), 1 << 20)
            threading.Thread(target=lambda: (os.fsync(fd), done.set())).start()
            while not done.is_set() and written < 1 << 20:
                os.pwrite(fd, b'x', written)
                written += 1
            print(written, flush=True)"""))
        self.cut(everything=True)
        self.assertGreater(written, 20)
        self.assertLess((self.root / "a").read_bytes().count(b"x"), written // 2)

    # ---- What a seed draws

    TORN = """
        kept('a', b'o' * 65536)
        fd = os.open('a', os.O_RDWR)
        for content in b'xyz': os.pwrite(fd, bytes([content]) * 70000, 100)
        [make('n%d' % n, b'') for n in range(9)]"""

    def torn(self, seed):
        self.folders()
        self.run_killed(self.TORN)
        self.cut(seed=seed)
        return self.left()

    def test_a_seed_tears_writes_between_blocks_and_never_inside_one(self):
        found = set()
        for seed in range(12):
            content = self.torn(seed)["a"]
            self.assertIn(len(content), [65536, 70100])
            self.assertEqual(content[:100], b"o" * 100)
            for start in range(512, len(content) - 512, 512):
                block = content[start:start + 512]
                self.assertEqual(block, block[:1] * 512)
                found |= {(start < 65536, block[:1])}
        self.assertEqual(found, {(True, c) for c in (b"o", b"x", b"y", b"z")} |
                         {(False, c) for c in (b"\0", b"x", b"y", b"z")})

    def test_a_seed_makes_names_in_their_order(self):
        counts = set()
        for seed in range(12):
            names = sorted(name for name in self.torn(seed) if name != "a")
            self.assertEqual(names, [f"n{n}" for n in range(len(names))])
            counts.add(len(names))
        self.assertGreater(len(counts), 2)
        self.assertIn(9, counts)

    def test_a_seed_gives_the_same_again(self):
        for seed in range(4):
            self.assertEqual(self.torn(seed), self.torn(seed))

    # ---- A harness that does not work says so

    def test_what_it_cannot_follow_ends_the_process(self):
        for scenario in ["import mmap; mmap.mmap(make('a', b'1' * 4096), 4096)",
                         "os.mkdir('d'); os.rename('d', '../d')"]:
            process = self.start(scenario)
            errors = process.communicate(timeout=60)[1]
            self.assertEqual(process.returncode, -signal.SIGABRT)
            self.assertIn(b"power_loss: ", errors)

    def test_a_process_that_was_killed_at_once_left_everything_as_it_was(self):
        (self.root / "a").write_bytes(b"1")
        self.leaves("", {"a": b"1"})

    def test_a_damaged_record_and_a_missing_one_are_refused(self):
        self.run_killed("kept('a', b'1'); make('a', b'2')")
        log = next((self.undo / "data").iterdir())
        log.write_bytes(log.read_bytes()[:-1] + b"?")
        for folder in [self.undo, self.root]:
            done = subprocess.run([HERE / "power_loss_cut", folder, self.root, "1"], capture_output=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(self.left(), {"a": b"2"})


if __name__ == "__main__":
    if not LIBRARY.exists():
        sys.exit(f"{LIBRARY} is missing: ninja -C build/release power_loss")
    unittest.main()
