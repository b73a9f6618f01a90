#!/usr/bin/env python3
"""Compares our etcdctl with the real one, byte for byte, on the real server.

    compare.py --ours build/bin/etcdctl --real ETCDCTL --server ETCD [--list NAME...]

Each program runs the same commands on a fresh server of its own (same ports, one after the other),
so that IDs and revisions agree. Standard output, standard error and the exit code of each command
must be equal. Not compared: times, random lease IDs, database sizes, the texts of help (ours are
our own words) and, in log lines, time, place in the source and addresses.
"""
import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from compare_cases import CLIENT_PORT, ENDPOINT, SUITES

LOG_FIELDS_LEFT_OUT = {"ts", "caller", "target", "peer", "stacktrace", "took"}


class Server:

    def __init__(self, program):
        self.data = tempfile.mkdtemp(prefix="compare-")
        peer = f"http://127.0.0.1:{CLIENT_PORT + 1}"
        client = f"http://{ENDPOINT}"
        self.process = subprocess.Popen([
            program, "--name", "n1", "--data-dir", self.data + "/d", "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", "n1=" + peer, "--log-level",
            "error"
        ],
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", CLIENT_PORT)) == 0:
                    break
            time.sleep(0.05)
        time.sleep(1.0)  # the cluster version is agreed on a moment after the port opens

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.data)


def log_line(line):
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    if not isinstance(fields, dict) or "level" not in fields:
        return line
    fields = {k: v for k, v in fields.items() if k not in LOG_FIELDS_LEFT_OUT}
    if "latest balancer error" in str(fields.get("error")):
        fields["error"] = "<cannot connect>"
    return json.dumps(fields)


def normal(text, variables):
    for name, value in variables.items():
        text = re.sub(" *" + value, "{" + name +
                      "}", text) if name == "member" else text.replace(value, "{" + name + "}")
        if name == "lease":
            text = text.replace(value.lstrip("0"), "{lease}").replace(str(int(value, 16)),
                                                                      "{lease}")
    text = re.sub(r"\b[0-9.]+(ns|\u00b5s|ms|s)\b(?=$|\"|\n|\. |\))", "<time>", text)
    text = re.sub(r"remaining\(\d+s\)", "remaining(<time>)", text)
    text = re.sub(r'("ttl":|"TTL" : )\d+', r"\1<ttl>", text)
    text = re.sub(
        r"\b[0-9a-f]{16}\b(?= granted| expired)|(?<=[:\n ])\d{17,20}(?=[,}\n])|^[0-9a-f]{16}$",
        "<id>",
        text,
        flags=re.M)
    text = re.sub(r'("(?:dbSize|DBSize)(?:InUse)?" ?: ?)\d+', r"\1<size>", text)
    text = re.sub(r"\d+ kB|\b\d+%", "<size>", text)
    return "\n".join(log_line(line) for line in text.split("\n"))


def cut_help(text, out):
    """Our help is in our own words: of it only the first line of each part is compared."""
    at = text.find("Usage:")
    if at < 0:
        return text
    return "<help>" if out else text[:at] + "<usage>"


def run(program, one, variables, tmp):
    words = [
        w.format(tmp=tmp, **variables) if "{" in w and "$" not in w else w for w in one["args"]
    ]
    line = [program
           ] + (["--endpoints", ENDPOINT] if one["endpoint"] and "--endpoints" not in words else [])
    env = {k: v for k, v in os.environ.items() if not k.startswith("ETCDCTL")}
    env.update(one["env"])
    command = line + words
    if one["timeout"]:
        command = ["timeout", "-s", one["kill"] or "KILL", str(one["timeout"])] + command
    done = subprocess.run(command,
                          input=one["stdin"] or b"",
                          env=env,
                          capture_output=True,
                          timeout=60)
    raw = [
        done.stdout.decode("utf-8", "backslashreplace"),
        done.stderr.decode("utf-8", "backslashreplace")
    ]
    if one["capture"]:
        found = re.search(one["capture"][1], raw[0])
        if found:
            variables[one["capture"][0]] = found.group(1).strip()
    out, err = [normal(text, variables).replace(tmp, "{tmp}") for text in raw]
    if one["loose"]:
        out = sorted(
            set(re.split(r"[,\n{}\[\]\" ]+|─+", re.sub(r"[0-9.]+(ns|\u00b5s|ms) *", "<time>",
                                                       out))))
    out = out if one["loose"] else cut_help(out, True)
    return dict(out=out, err=cut_help(err, False), rc=done.returncode)


def run_all(program, server_program, cases):
    server = Server(server_program)
    variables = {}
    tmp = tempfile.mkdtemp(prefix="compare-")
    try:
        return [run(program, one, variables, tmp) for one in cases]
    finally:
        server.stop()
        shutil.rmtree(tmp)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ours", required=True)
    parser.add_argument("--real", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("suites", nargs="*", default=[])
    options = parser.parse_args()
    different = total = 0
    for name in options.suites or SUITES:
        cases = SUITES[name]()
        real = run_all(options.real, options.server, cases)
        ours = run_all(options.ours, options.server, cases)
        for one, a, b in zip(cases, real, ours):
            total += 1
            if a == b:
                continue
            different += 1
            print(f"== {name}: etcdctl {' '.join(one['args'])} "
                  f"{one['stdin'] or ''} {one['env'] or ''}")
            for part in ("out", "err", "rc"):
                if a[part] != b[part]:
                    print(f"-- {part} real: {a[part]!r}\n-- {part} ours: {b[part]!r}")
    print(f"{total - different} passed, {different} failed")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
