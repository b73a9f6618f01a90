#!/usr/bin/env python3
"""Keelson against etcd 3.7.1 on this machine: both servers interleaved, CPU from /proc.

Usage: e2e/bench/run.sh [case ...] [--rounds N] [--quick] [--write]
Cases are the rows of CASES; all when none is named. --write replaces the tables in BENCHMARKS.md.
"""
import argparse, json, os, pathlib, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")
TOOLS = {name: os.environ["BENCH_" + name.upper()] for name in ("etcd", "keelson", "benchmark", "load", "etcdctl")}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One running server with an empty data directory."""

    def __init__(self, kind, tls=None, base=None):
        self.kind, self.tls = kind, tls
        self.dir = tempfile.mkdtemp(prefix=f"bench-{kind}-", dir=base)
        self.port = free_port()
        self.peer = free_port()
        self.start()

    def start(self):
        scheme = "https" if self.tls else "http"
        url, peer = f"{scheme}://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.peer}"
        args = [TOOLS[self.kind], f"--data-dir={self.dir}/data", f"--listen-client-urls={url}",
                f"--advertise-client-urls={url}", f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
                "--log-level=error", "--quota-backend-bytes=8589934592"]
        if self.tls:
            args += [f"--cert-file={self.tls}/server.crt", f"--key-file={self.tls}/server.key",
                     f"--trusted-ca-file={self.tls}/ca.crt", "--client-cert-auth=true"]
        self.log = open(f"{self.dir}/log", "ab")
        self.process = subprocess.Popen(args, stdout=self.log, stderr=self.log)
        self.wait_ready()

    def wait_ready(self):
        for _ in range(3000):
            if self.process.poll() is not None:
                sys.exit(f"{self.kind} ended at once, see {self.dir}/log")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.01)
        sys.exit(f"{self.kind} does not listen")

    def cpu_s(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory_mb(self, name):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
        return 0.0

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self):
        self.kill()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def client_args(self):
        out = [f"--endpoints=127.0.0.1:{self.port}"]
        if self.tls:
            out = [f"--endpoints=https://127.0.0.1:{self.port}", f"--cacert={self.tls}/ca.crt",
                   f"--cert={self.tls}/client.crt", f"--key={self.tls}/client.key"]
        return out


def run_tool(server, args):
    """etcd's load tool; returns rate, p50 and p99 in seconds, CPU of the server in us an operation."""
    total = int(next(a for a in args if a.startswith("--total=")).split("=")[1])
    before = server.cpu_s()
    out = subprocess.run([TOOLS["benchmark"], "--precise"] + server.client_args() + args, check=True,
                         capture_output=True, text=True).stdout
    cpu = server.cpu_s() - before
    if "Error distribution" in out:
        sys.exit(f"{server.kind}: the load tool reports errors:\n{out}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    quantile = {q: float(v) for q, v in re.findall(r"([\d.]+)% in ([\d.]+) secs", out)}
    return {"cpu_us": cpu / total * 1e6, "rate": rate, "p50_ms": quantile["50"] * 1e3,
            "p99_ms": quantile["99"] * 1e3}


def run_load(server, mode, total, extra=()):
    args = [TOOLS["load"], f"-endpoint=127.0.0.1:{server.port}", f"-total={total}", *extra, mode]
    before = server.cpu_s()
    out = json.loads(subprocess.run(args, check=True, capture_output=True, text=True).stdout)
    cpu = server.cpu_s() - before
    return {"cpu_us": cpu / out["operations"] * 1e6, "rate": out["operations"] / out["seconds"],
            "p50_ms": out["p50_s"] * 1e3, "p99_ms": out["p99_s"] * 1e3}


def put(clients, conns, total):
    return lambda s, q: run_tool(s, [f"--clients={clients}", f"--conns={conns}", "put", "--key-size=32",
                                     "--val-size=256", "--key-space-size=100000",
                                     f"--total={total // (4 if q else 1)}"])


def get(consistency, total, rate=0):
    def case(s, q):
        seed(s)
        return run_tool(s, ["--clients=100", "--conns=10", "range", "bench-key", f"--consistency={consistency}",
                            f"--total={total // (4 if q else 1)}"] + ([f"--rate={rate}"] if rate else []))
    return case


def seed(server):
    env = dict(os.environ, ETCDCTL_ENDPOINTS=server.client_args()[0].split("=", 1)[1])
    args = [a for a in server.client_args()[1:]]
    subprocess.run([TOOLS["etcdctl"], *args, "put", "bench-key", "v" * 256], check=True, env=env,
                   capture_output=True)


def watch(streams, rate, total):
    return lambda s, q: run_load(s, "watch", total // (4 if q else 1),
                                 ["-conns=10", f"-streams={streams}", "-watchers=1000", f"-rate={rate}"])


# name: (what, needs TLS, case, bound on CPU, {measure: bound}); bounds are ratios to etcd in the same run.
CASES = {
    "put-1": ("put 256 B, 1 client", False, put(1, 1, 8000), 0.35, {"p50_ms": 0.8}),
    "put-100": ("put 256 B, 100 clients / 10 connections", False, put(100, 10, 200000), 0.25, {"rate": 1.5}),
    "put-1000": ("put 256 B, 1000 clients / 100 connections", False, put(1000, 100, 200000), 0.25, {"rate": 1.5}),
    "range-s": ("range one key, serializable, 100 / 10", False, get("s", 200000), 0.25, {"rate": 1.5}),
    "range-l": ("range one key, linearizable, 100 / 10", False, get("l", 200000), 0.25, {"rate": 1.5}),
    "put-tls": ("put 256 B over TLS, client certificates, 100 / 10", True, put(100, 10, 100000), 0.15, {"rate": 2}),
    "range-tls": ("range over TLS, client certificates, 100 / 10", True, get("l", 100000), 0.15, {"rate": 2}),
    "range-10k": ("range at a fixed 10,000/s", False, get("l", 50000, 10000), 0.35, {"p99_ms": 0.7}),
    "txn": ("txn as kube-apiserver sends it, 100 / 10", False,
            lambda s, q: run_load(s, "txn", 100000 // (4 if q else 1)), 0.25, {"rate": 1.5}),
    "watch-10": ("1,000 watchers of one key on 10 streams, an event", False, watch(10, 100, 1000000), 0.35,
                 {"p99_ms": 0.7}),
    "watch-1000": ("1,000 watchers of one key on 1,000 streams, an event", False, watch(1000, 50, 500000), 0.35,
                   {"p99_ms": 0.7}),
}


def first_read(server, started):
    env = dict(os.environ, ETCDCTL_ENDPOINTS=f"127.0.0.1:{server.port}")
    while True:
        done = subprocess.run([TOOLS["etcdctl"], "--command-timeout=2s", "get", "nokey"], env=env,
                              capture_output=True)
        if done.returncode == 0:
            return time.monotonic() - started


def million(kind, keys):
    """Memory after loading, restart after kill -9, and a full list by RangeStream."""
    server = Server(kind)
    run_tool(server, ["--clients=100", "--conns=10", "put", "--key-size=64", "--val-size=256",
                      "--sequential-keys", f"--key-space-size={keys}", f"--total={keys}"])
    time.sleep(2)
    out = {"rss_mb": server.memory_mb("VmRSS")}
    server.kill()
    started = time.monotonic()
    server.start()
    out["restart_s"] = first_read(server, started)
    time.sleep(1)
    out["rss_after_restart_mb"] = server.memory_mb("VmRSS")
    server.reset_peak()
    started = time.monotonic()
    # "--prefix" with the key "\0"... the tool's own way to ask for everything
    subprocess.run([TOOLS["benchmark"]] + server.client_args() +
                   ["range", "", "--prefix", "--stream", "--total=1", "--clients=1", "--conns=1"],
                   check=True, capture_output=True)
    out["list_s"] = time.monotonic() - started
    out["list_hwm_mb"] = server.memory_mb("VmHWM")
    server.close()
    return out


def steady(server):
    out = subprocess.run([TOOLS["load"], f"-endpoint=127.0.0.1:{server.port}", "-clients=50", "-conns=10",
                          "-val-size=256", "-seconds=10", "steady"], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def beside(server, command):
    """Steady puts while `command` of etcdctl runs again and again."""
    env = dict(os.environ, ETCDCTL_ENDPOINTS=f"127.0.0.1:{server.port}")
    args = [TOOLS["etcdctl"], "--command-timeout=10m"] + command
    loop = subprocess.Popen(["sh", "-c", 'while "$@"; do rm -f "$SNAPSHOT"; done', "sh"] + args,
                            env=dict(env, SNAPSHOT=command[-1]), stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, start_new_session=True)
    result = steady(server)
    os.killpg(loop.pid, signal.SIGKILL)
    loop.wait()
    return result


def stored_gigabyte(kind):
    server = Server(kind)
    run_tool(server, ["--clients=100", "--conns=10", "put", "--key-size=32", "--val-size=4096",
                      "--sequential-keys", "--key-space-size=250000", "--total=250000"])
    time.sleep(2)
    before = steady(server)
    out = {"gap before, ms": before["gap_s"] * 1e3}
    for name, command in {"snapshot": ["snapshot", "save", f"{server.dir}/out.db"], "defrag": ["defrag"]}.items():
        result = beside(server, command)
        out[f"rate during {name} / before"] = result["rate"] / before["rate"]
        out[f"gap during {name}, ms"] = result["gap_s"] * 1e3
    server.close()
    return out


MILLION_BOUNDS = {"rss_mb": 0.4, "restart_s": 0.3, "list_s": 0.6, "list_hwm_mb": 0.3}


def spread(values):
    return f"{min(values):.4g}..{max(values):.4g}"


def compare(name, rounds, quick):
    what, tls, case, cpu_bound, bounds = CASES[name]
    results = {"etcd": [], "keelson": []}
    for _ in range(rounds):
        for kind in results:
            server = Server(kind, tls=os.environ["BENCH_TLS"] if tls else None)
            results[kind].append(case(server, quick))
            server.close()
    rows = []
    for measure, bound in {"cpu_us": cpu_bound, **bounds}.items():
        theirs = [r[measure] for r in results["etcd"]]
        ours = [r[measure] for r in results["keelson"]]
        rows.append(row(what, measure, theirs, ours, bound))
    return rows


def row(what, measure, theirs, ours, bound):
    ratio = statistics.median(ours) / statistics.median(theirs)
    met = ratio >= bound if measure == "rate" else ratio <= bound
    text = (f"| {what} | {measure} | {statistics.median(theirs):.4g} ({spread(theirs)}) | "
            f"{statistics.median(ours):.4g} ({spread(ours)}) | {ratio:.2f} | "
            f"{'>=' if measure == 'rate' else '<='} {bound} | {'yes' if met else 'NO'} |")
    print(text, flush=True)
    return text


def fdatasync_ms():
    """The device's own fdatasync: 256-byte overwrites of an allocated file, p50 and p99."""
    path = tempfile.mktemp(prefix="bench-sync-")
    times = []
    with open(path, "wb", buffering=0) as f:
        f.write(b"\0" * (1 << 20))
        os.fdatasync(f.fileno())
        for i in range(500):
            os.pwrite(f.fileno(), b"x" * 256, (i * 256) % (1 << 20))
            begin = time.perf_counter()
            os.fdatasync(f.fileno())
            times.append((time.perf_counter() - begin) * 1e3)
    os.unlink(path)
    times.sort()
    return times[250], times[495]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keys", type=int, default=1000000)
    parser.add_argument("--write", action="store_true")
    o = parser.parse_args()
    known = list(CASES) + ["million", "gigabyte"]
    for name in o.cases:
        if name not in known:
            sys.exit(f"unknown case {name}; known: {' '.join(known)}")
    p50, p99 = fdatasync_ms()
    head = [f"fdatasync of 256 B on this device: p50 {p50:.3f} ms, p99 {p99:.3f} ms; "
            f"{os.cpu_count()} cores, {o.rounds} rounds, servers interleaved.", "",
            "| work | measure | etcd 3.7.1: median (spread) | Keelson: median (spread) | ratio | wanted | met |",
            "|---|---|---|---|---|---|---|"]
    print("\n".join(head), flush=True)
    rows = []
    for name in o.cases or known:
        if name == "million":
            runs = {kind: [] for kind in ("etcd", "keelson")}
            for _ in range(max(1, o.rounds // 2) if o.rounds > 1 else 1):
                for kind in runs:
                    runs[kind].append(million(kind, o.keys))
            for measure, bound in MILLION_BOUNDS.items():
                rows.append(row(f"{o.keys:,} keys of 64 B with 256 B values", measure,
                                [r[measure] for r in runs["etcd"]], [r[measure] for r in runs["keelson"]], bound))
        elif name == "gigabyte":
            theirs, ours = stored_gigabyte("etcd"), stored_gigabyte("keelson")
            for measure in theirs:
                text = f"| 1 GB stored | {measure} | {theirs[measure]:.3g} | {ours[measure]:.3g} | | | |"
                print(text, flush=True)
                rows.append(text)
        else:
            rows += compare(name, o.rounds, o.quick)
    if o.write:
        write("\n".join(head + rows))


def write(table):
    path = ROOT / "BENCHMARKS.md"
    text = path.read_text()
    begin, end = "<!-- bench -->", "<!-- /bench -->"
    a, b = text.index(begin) + len(begin), text.index(end)
    path.write_text(text[:a] + "\n" + table + "\n" + text[b:])


if __name__ == "__main__":
    main()
