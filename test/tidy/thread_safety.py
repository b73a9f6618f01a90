#!/usr/bin/env python3
"""Lets clang's thread-safety analysis read every source of server/, as errors. Nothing is compiled."""
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

CLANG = "clang++-19"
FLAGS = ["-fsyntax-only", "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety"]
DROPPED = {"-c", "-MD", "-Werror"}
DROPPED_WITH_VALUE = {"-o", "-MF", "-MT", "-MQ"}


def command_of(entry):
    words = shlex.split(entry["command"]) if "command" in entry else list(entry["arguments"])
    while words and not words[0].endswith(("c++", "g++", "clang++")):
        words.pop(0)  # ccache
    kept = []
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in DROPPED_WITH_VALUE:
            skip = True
        elif word not in DROPPED and not word.startswith(("-W", "-fsanitize", "-fno-sanitize")):
            kept.append(word)
    return [CLANG] + kept + FLAGS


def analyse(entry):
    done = subprocess.run(command_of(entry), cwd=entry["directory"], capture_output=True, text=True, check=False)
    return entry["file"], done.returncode, done.stderr


def main():
    root = os.path.abspath(sys.argv[1])
    with open(sys.argv[2], encoding="utf-8") as handle:
        database = json.load(handle)
    server = os.path.join(root, "server") + os.sep
    entries = [entry for entry in database if entry["file"].startswith(server)]
    if not entries:
        print("no source of server/ in the compile database")
        return 1
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, code, text in pool.map(analyse, entries):
            if code != 0:
                failed += 1
                print(f"{os.path.relpath(file, root)}:\n{text}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
