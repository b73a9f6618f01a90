#!/usr/bin/env python3
"""Words that do not belong into the tree: paths of one machine, open ends without an issue, tests that
do not run without an issue number and an end date."""
import os
import re
import sys

SUFFIXES = (".h", ".cc", ".proto", ".py", ".sh", ".go", ".md", ".txt", ".cmake", ".json", ".yaml", ".yml")
WHOLE_FILES = ("dev", ".ci/run")
SKIPPED_FOLDERS = {".git", "build", ".cache", "node_modules"}
SELF = {os.path.join("test", "tidy", name) for name in ("words.py", "tidy_test.py")}

OPEN_END = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
WITH_ISSUE = re.compile(r"\b(TODO|FIXME|XXX|HACK)\(#\d+\)")
SKIPPED = re.compile(r"\bDISABLED_|\bGTEST_SKIP\b|\bt\.Skip(f|Now)?\(|unittest\.skip|pytest\.mark\.skip")
WITH_END = re.compile(r"#\d+.*\buntil \d{4}-\d{2}-\d{2}")
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(home|root|Users|work|mnt)/[\w.]")
MERGE_MARK = re.compile(r"^(<{7}|>{7}) ")
COMMENTED_TEST = re.compile(r"^\s*//\s*TEST(_F|_P)?\(")


def problem_of(line):
    if OPEN_END.search(line) and not WITH_ISSUE.search(line):
        return "an open end needs an issue: TODO(#12)"
    if SKIPPED.search(line) and not WITH_END.search(line):
        return "a skipped test needs an issue and an end date in its line: #12, until 2030-01-31"
    if COMMENTED_TEST.search(line):
        return "a test is commented out"
    if MACHINE_PATH.search(line):
        return "a path of one machine"
    if MERGE_MARK.search(line):
        return "a merge was not finished"
    return None


def files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.endswith(".etcd"))
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root)
            if path not in SELF and (name.endswith(SUFFIXES) or path in WHOLE_FILES or name == "CMakeLists.txt"):
                yield path


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    found = []
    for path in files(root):
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as handle:
            for number, line in enumerate(handle, 1):
                problem = problem_of(line)
                if problem:
                    found.append(f"{path}:{number}: {problem}")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
