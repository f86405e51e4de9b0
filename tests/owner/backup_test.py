#!/usr/bin/env python3
"""What an owner relies on when the machine is gone: backups of a server under load, and servers made of them."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from owner_test import CLEAN, LOOPBACK, PROGRAM, ROOT, Server, ask

LOAD = os.environ.get("HELIOGRAPH_LOAD", str(ROOT / "build/release/bin/message_bench"))
ARGUMENTS = [*LOOPBACK, "--test-numbers", "--log-level", "warn"]


class Backup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="heliograph-backup-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.data, self.backups, self.restored = (self.folder / name for name in ("data", "backups", "restored"))

    def good(self, answer):
        code, output, complaint = answer
        self.assertEqual(code, 0, complaint)
        return output

    def refused(self, answer, *words):
        code, _, complaint = answer
        self.assertEqual(code, 1, complaint)
        for word in words:
            self.assertIn(str(word), complaint)
        return complaint

    def load(self, server, data, seconds, pairs=3):
        """Starts people who write to each other; report() of it waits for them."""
        key = self.folder / "key.pem"
        key.write_text(self.good(ask("key", "--data", data)))
        return subprocess.Popen([LOAD, "--mtproto", f"127.0.0.1:{server.ready[2]}", "--key", str(key), "--server-pid",
                                 str(server.process.pid), "--pairs", str(pairs), "--window", "4", "--seconds",
                                 str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def report(self, load):
        output, complaint = load.communicate(timeout=60)
        self.assertEqual(load.returncode, 0, complaint)
        return json.loads(output)

    made = None  # A data folder with messages in it, of a server that has stopped: once for all tests.

    def filled(self):
        if not Backup.made:
            folder = tempfile.TemporaryDirectory(prefix="heliograph-backup-")
            self.addClassCleanup(folder.cleanup)
            made = pathlib.Path(folder.name) / "data"
            with Server(made, *ARGUMENTS) as server:
                self.assertTrue(server.ready, server.line)
                self.assertGreater(self.report(self.load(server, made, 1))["sent"], 0)
                self.assertEqual(server.stop(), 0)
            Backup.made = made
        shutil.copytree(Backup.made, self.data)

    def rows(self, number):
        manifest = (self.backups / f"backups/{number:08}/manifest").read_text()
        return int(re.search(r"^rows (\d+)$", manifest, re.M)[1])

    def test_a_server_under_load_is_backed_up_restored_and_goes_on(self):
        with Server(self.data, *ARGUMENTS) as server:
            self.assertTrue(server.ready, server.line)
            load = self.load(server, self.data, 4)
            time.sleep(1)
            for _ in range(3):
                self.assertIn("partitions", self.good(ask("backup", self.backups, "--data", self.data)))
            self.assertIsNone(load.poll(), "the load outlasts the backups")
            self.assertLess(self.rows(1), self.rows(3))
            report = self.report(load)
            self.assertEqual((report["failed"], report["lost"]), (0, 0))
            self.good(ask("backup", self.backups, "--data", self.data))
            self.assertIn("the store is whole", self.good(ask("store", "check", "--data", self.data)))
            for number in (1, 2, 3, 4):
                self.assertIn("is whole", self.good(ask("backup", "verify", self.backups, "--number", number)))

            # Elsewhere, while the old one still runs: one from the middle of the load, and the last one.
            for number in (2, 4):
                target = self.folder / f"restored{number}"
                answer = self.good(ask("restore", self.backups, "--data", target, "--number", number))
                self.assertIn("found equal", answer)
                self.assertIn("the store is whole", self.good(ask("store", "check", "--data", target)))
                self.assertEqual(ask("key", "--data", target), ask("key", "--data", self.data))
                with Server(target, *ARGUMENTS) as again:
                    self.assertTrue(again.ready, again.line)
                    report = self.report(self.load(again, target, 1))
                    self.assertGreater(report["sent"], 0)
                    self.assertEqual((report["failed"], report["lost"]), (0, 0))
                    self.assertEqual(again.stop(), 0)
                self.assertIn("the store is whole", self.good(ask("store", "check", "--data", target)))

    def test_a_backup_that_is_damaged_anywhere_is_refused_by_name(self):
        self.filled()
        (self.data / "heliograph.toml").write_text("cores = 2\n")
        self.good(ask("backup", self.backups, "--data", self.data))
        kinds = {}
        for file in sorted(self.backups.rglob("*")):
            if file.is_file() and file.name != "lock" and file.stat().st_size:
                kinds.setdefault(re.sub(r"\d+", "", file.name.split("_s")[0] + file.suffix), file)
        self.assertGreater(len(kinds), 7, kinds)
        for file in kinds.values():
            content = file.read_bytes()
            middle = len(content) // 2
            for damaged in (content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:], content[:-1]):
                file.write_bytes(damaged)
                self.refused(ask("backup", "verify", self.backups), file)
                self.refused(ask("restore", self.backups, "--data", self.restored), file)
                self.assertFalse(self.restored.exists())
            file.write_bytes(content)
        self.good(ask("restore", self.backups, "--data", self.restored))
        self.assertEqual((self.restored / "heliograph.toml").read_text(), "cores = 2\n")

    def test_a_folder_that_is_not_empty_is_not_restored_into(self):
        self.filled()
        self.good(ask("backup", self.backups, "--data", self.data))
        self.refused(ask("restore", self.backups, "--data", self.data), self.data, "not empty")
        self.good(ask("restore", self.backups, "--data", self.restored))
        self.refused(ask("restore", self.backups, "--data", self.restored), self.restored, "not empty")

    def test_a_restore_that_was_killed_is_not_taken_for_a_server(self):
        self.filled()
        self.good(ask("backup", self.backups, "--data", self.data))
        caught = 0
        for attempt in range(40):
            shutil.rmtree(self.restored, ignore_errors=True)
            process = subprocess.Popen([PROGRAM, "restore", self.backups, "--data", self.restored],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=CLEAN)
            while process.poll() is None and not self.restored.exists():
                time.sleep(0.001)
            time.sleep(0.003 * attempt)
            process.kill()
            process.communicate()
            if not (self.restored / "restoring").exists():
                continue
            caught += 1
            for command in (["serve", *LOOPBACK], ["restore", self.backups], ["store", "check"], ["backup", "x"]):
                self.refused(ask(*command, "--data", self.restored), self.restored, "interrupted", "heliograph restore")
            if caught == 5:
                break
        self.assertGreater(caught, 0)

    def test_kill_9_during_a_backup_leaves_the_older_ones(self):
        self.filled()
        self.good(ask("backup", self.backups, "--data", self.data))
        cut = 0
        for attempt in range(12):
            process = subprocess.Popen([PROGRAM, "backup", self.backups, "--data", self.data, "--keep", "100"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=CLEAN)
            time.sleep(0.02 + 0.03 * attempt)
            process.kill()
            process.communicate()
            cut += process.returncode == -signal.SIGKILL
            self.assertIn("backup ", self.good(ask("backup", "verify", self.backups)))
            self.assertIn("is whole", self.good(ask("backup", "verify", self.backups, "--number", 1)))
        self.assertGreater(cut, 0)
        self.good(ask("backup", self.backups, "--data", self.data, "--keep", "1"))
        self.assertEqual(len(list((self.backups / "backups").iterdir())), 1)
        self.assertEqual(len(list((self.backups / "store/meta").iterdir())), 1)
        self.assertIn("is whole", self.good(ask("backup", "verify", self.backups)))

    def test_a_server_that_dies_during_a_backup_leaves_the_older_ones(self):
        self.filled()
        self.good(ask("backup", self.backups, "--data", self.data))
        with Server(self.data, *ARGUMENTS) as server:
            load = self.load(server, self.data, 2)
            time.sleep(1)
            process = subprocess.Popen([PROGRAM, "backup", self.backups, "--data", self.data],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=CLEAN)
            time.sleep(0.15)
            server.stop(signal.SIGKILL)
            _, complaint = process.communicate(timeout=20)
            load.kill()
            load.communicate()
        if process.returncode:
            self.assertIn("did not answer", complaint)
        self.assertIn("is whole", self.good(ask("backup", "verify", self.backups, "--number", 1)))
        self.good(ask("backup", self.backups, "--data", self.data))
        self.assertIn("is whole", self.good(ask("backup", "verify", self.backups)))

    def test_older_backups_make_room(self):
        self.filled()
        for _ in range(4):
            self.good(ask("backup", self.backups, "--data", self.data, "--keep", 2))
        kept = sorted(int(folder.name) for folder in (self.backups / "backups").iterdir())
        self.assertEqual(len(kept), 2)
        for number in kept:
            self.assertIn("is whole", self.good(ask("backup", "verify", self.backups, "--number", number)))

    def test_a_damaged_store_is_named_by_its_check_and_by_its_next_backup(self):
        self.filled()
        self.good(ask("store", "check", "--data", self.data))  # Folds: there are table files now.
        table = max((self.data / "store").glob("*.sst"), key=lambda file: file.stat().st_size)
        content = bytearray(table.read_bytes())
        content[len(content) // 3] ^= 1
        table.write_bytes(content)
        self.refused(ask("store", "check", "--data", self.data), table)
        self.refused(ask("backup", self.backups, "--data", self.data, "--quick"), "damaged")
        self.refused(ask("backup", "verify", self.backups), "no backup")

    def test_a_measurement_that_is_interrupted_leaves_nothing(self):
        self.data.mkdir()
        for how in (signal.SIGINT, signal.SIGTERM):
            # Whoever runs this may have been started to ignore Ctrl-C, and hands that down.
            bench = subprocess.Popen([PROGRAM, "store", "bench", "--directory", self.data, "--seconds", "1"],
                                     stdout=subprocess.DEVNULL, env=CLEAN,
                                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
            while not list(self.data.rglob("journal/*.seg")):
                self.assertIsNone(bench.poll())
                time.sleep(0.01)
            bench.send_signal(how)
            self.assertEqual(bench.wait(20), 128 + how)
            self.assertEqual(list(self.data.iterdir()), [])

    def test_what_cannot_be_is_refused(self):
        self.refused(ask("backup", self.backups, "--data", self.data), "no store", self.data)
        self.assertFalse(self.data.exists())
        self.refused(ask("store", "check", "--data", self.data), "no store", self.data)
        self.refused(ask("restore", self.backups, "--data", self.restored), "no backup", self.backups)
        self.refused(ask("backup", "verify", self.backups), "no backup", self.backups)
        self.assertFalse(self.restored.exists() or self.backups.exists())
        with Server(self.data, *ARGUMENTS):
            self.refused(ask("backup", self.data / "backups", "--data", self.data), "inside the data folder")
            self.backups.mkdir()
            (self.backups / "photo.jpg").touch()
            self.refused(ask("backup", self.backups, "--data", self.data), "something else")
            with_space = self.folder / "my backups 100%"
            self.assertIn(str(with_space), self.good(ask("backup", with_space, "--data", self.data)))
            self.assertIn("is whole", self.good(ask("backup", "verify", with_space)))


if __name__ == "__main__":
    unittest.main()
