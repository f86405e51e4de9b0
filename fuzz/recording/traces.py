#!/usr/bin/env python3
"""traces.py OUT/traces: prints src/mtproto/session/recorded_clients.inc: of each client the longest sessions, the first
of them one with packed queries if there is such."""
import pathlib
import sys

SESSIONS_OF_EACH_CLIENT = 2
BYTES_OF_A_SESSION = 10 << 10  # Longer ones are cut.
GZIP_PACKED = "a1cf7230"

by_client = {}
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if not file.name.startswith("unknown-"):
        by_client.setdefault(file.name.partition("-")[0], []).append(file.read_text())
print("// Made by fuzz/record: see recorded_clients_test.cpp.")
for client, sessions in sorted(by_client.items()):
    sessions.sort(key=len, reverse=True)
    sessions.sort(key=lambda session: GZIP_PACKED not in session[:BYTES_OF_A_SESSION])
    packed, rest = sessions[0], sorted(sessions[1:], key=len, reverse=True)
    for session in [packed, *rest[:SESSIONS_OF_EACH_CLIENT - 1]]:
        lines, size = [], 0
        for line in session.splitlines():
            size += len(line) + 1
            if size > BYTES_OF_A_SESSION:
                break
            lines.append(line)
        print(f'{{"{client}", R"(', *lines, ')"},', sep="\n")
