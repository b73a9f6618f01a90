#!/usr/bin/env python3
"""Functions over 60 lines and files over 600 are errors, except for those ratchet.txt lists with the
length they may keep. An entry that is longer than needed is an error, too: it may only shrink.

Lengths are taken from clang-formatted text; a function counts from the line of its name to its brace.
"""
import os
import re
import sys

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 600
PARTS = ("server", "operator", "test")

TYPE = re.compile(r"\b(class|struct|union|enum)\b")
NAME = re.compile(r"([\w:~]+(?:<[^()]*>)?|operator[^\w\s(]+)\s*\(")


def blank_strings_and_comments(text):
    """The same text, line by line, without what could hold stray braces."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\n]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        piece = match.group(0)
        filler = " " if piece.startswith("/") else "s"
        return filler + "\n" * piece.count("\n")

    text = re.sub(r"(?<=\d)'(?=\d)", "", text)  # 1'000'000
    return pattern.sub(blank, text)


class Scanner:
    """Walks braces and tells bodies of functions from those of types, namespaces and initializers."""

    def __init__(self, text):
        self.functions = []  # (name, first line, last line)
        self.stack = []
        self.line = 1
        self.statement = ""
        self.statement_line = 1
        for index, char in enumerate(text):
            self.step(char, text[index - 1] if index else "\n")

    def inside_function(self):
        return any(kind == "function" for kind, _, _ in self.stack)

    def step(self, char, before):
        if char == "\n":
            self.line += 1
        if char == "{":
            self.open(before)
        elif char == "}":
            self.close()
        elif char == ";":
            self.statement = ""
        elif char == "\n" and self.statement.lstrip().startswith("#"):
            self.statement = ""  # a line of the preprocessor
        else:
            if not self.statement.strip() and not char.isspace():
                self.statement_line = self.line
            self.statement += char

    def kind(self, before):
        text = self.statement
        inside_initializer = bool(self.stack) and self.stack[-1][0] == "other"
        if self.inside_function() or inside_initializer or before.isalnum() or before in "_>":
            return "other"
        if re.search(r"\bnamespace\b|extern\s+s\s*$", text):
            return "namespace"
        depth_zero = re.sub(r"<[^<>]*>|\([^()]*\)", "", text)
        if TYPE.search(depth_zero) and not depth_zero.rstrip().endswith((")", "const", "override", "noexcept")):
            return "type"
        if "(" in text and not re.search(r"=\s*$", text):
            return "function"
        return "other"

    def open(self, before):
        kind = self.kind(before)
        names = NAME.findall(self.statement)
        name = names[0] if names else "?"
        if names and names[0] in ("TEST", "TEST_F", "TEST_P"):
            name = re.sub(r"\s+", "", self.statement)
        self.stack.append((kind, name, self.statement_line))
        if kind != "other":
            self.statement = ""

    def close(self):
        if not self.stack:
            return
        kind, name, first = self.stack.pop()
        if kind == "function":
            self.functions.append((name, first, self.line))
        if kind != "other":
            self.statement = ""


def measure(root):
    """(key, lines, limit, place) of everything that has a limit."""
    for part in PARTS:
        for folder, _, names in sorted(os.walk(os.path.join(root, part))):
            for file in sorted(names):
                if not file.endswith((".h", ".cc")):
                    continue
                path = os.path.join(folder, file)
                inside = os.path.relpath(path, root)
                with open(path, encoding="utf-8") as handle:
                    text = handle.read()
                yield inside, text.count("\n"), FILE_LINES_MAX, inside
                for name, first, last in Scanner(blank_strings_and_comments(text)).functions:
                    yield f"{inside}:{name}", last - first + 1, FUNCTION_LINES_MAX, f"{inside}:{first}"


def read_ratchet(path):
    ratchet = {}
    with open(path, encoding="utf-8") as handle:
        for line in handle:
            if line.strip() and not line.startswith("#"):
                key, lines = line.rsplit(None, 1)
                ratchet[key] = int(lines)
    return ratchet


def check(root, ratchet):
    problems = []
    longest = {}
    for key, lines, limit, place in measure(root):
        if lines > limit:
            longest[key] = max(longest.get(key, 0), lines)
            if lines > ratchet.get(key, limit):
                problems.append(f"{place}: {key} has {lines} lines; {ratchet.get(key, limit)} are allowed")
    for key, lines in ratchet.items():
        if longest.get(key, 0) < lines:
            problems.append(f"test/tidy/ratchet.txt: {key} may be lowered from {lines} to {longest.get(key, 0) or 'nothing'}")
    return problems


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    if "--list" in sys.argv:
        for key, lines, _, _ in sorted(measure(root), key=lambda row: -row[1])[:40]:
            print(lines, key)
        return 0
    found = check(root, read_ratchet(os.path.join(root, "test/tidy/ratchet.txt")))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
