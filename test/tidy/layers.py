#!/usr/bin/env python3
"""Reads the #include lines of server/ and operator/ and fails on an edge that the layers do not allow.

The picture is drawn once, here; the CMake targets state the same edges for the linker.
"""
import os
import re
import sys

# server/: a folder may include every lower layer, and of its own layer what EDGES names.
LAYERS = [
    ["base", "io"],
    ["raft", "wal", "mvcc", "etcdfile"],
    ["lease", "auth", "apply", "watch"],
    ["node", "peer"],
    ["rpc", "front", "http", "config"],
]
EDGES = {
    "io": {"base"},
    "apply": {"lease", "auth"},
    "watch": {"apply"},
    "peer": {"node"},
    "front": {"rpc"},
}
# Narrower than its layer: consensus knows nothing but base.
ONLY = {"raft": {"base"}, "base": set()}
# Single headers across a layer: plain data that many read.
HEADERS = {"config/config.h": {"front", "http"}}

OPERATOR_EDGES = {
    "api": set(),
    "kube": {"api"},
    "plan": {"api"},
    "archive": {"api"},
    "act": {"api", "kube", "plan", "archive"},
    "ctl": set(),
    "utl": set(),
}
# What of server/ the operator's folders may use: the small vocabulary; offline work reads the files.
OPERATOR_SERVER = {"utl": {"base", "io", "wal", "mvcc", "etcdfile"}}

GENERATED = {"rpc", "front", "peer", "apply", "node"}  # may see protobuf's classes
THIRD_PARTY = {
    "nghttp2/": {"front"},
    "openssl/": {"io"},
    "http_parser.h": {"io"},
    "sqlite3.h": {"io", "mvcc"},
    "crypt.h": {"auth"},
    "httplib.h": {"http"},
    "prometheus/": {"base"},
    "zlib.h": {"base", "http"},
    "yaml-cpp/": {"config"},
    "google/protobuf/": GENERATED,
    "grpc/": set(),
    "grpcpp/": set(),
    "CLI/": set(),
    "nlohmann/": {"apply", "etcdfile"},  # etcd writes members as JSON, into log entries and files
}
OPERATOR_THIRD_PARTY = {"openssl/", "httplib.h", "yaml-cpp/", "google/protobuf/", "grpc/", "grpcpp/", "CLI/",
                        "nlohmann/", "sqlite3.h"}
# The system's own, outside sys/, arpa/, netinet/ and linux/.
SYSTEM = set("""dirent dlfcn errno fcntl getopt ifaddrs immintrin limits netdb nmmintrin poll pthread pwd resolv
sched signal spawn stdlib string strings termios time unistd""".split())
SYSTEM_FOLDERS = ("sys/", "arpa/", "netinet/", "net/", "linux/")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def layer_of(folder):
    for number, folders in enumerate(LAYERS):
        if folder in folders:
            return number
    return None


def server_edge_allowed(source, target, header):
    if source == "main" or source == target:
        return True
    if source in HEADERS.get(header, set()):
        return True
    if source in ONLY:
        return target in ONLY[source]
    if target in EDGES.get(source, set()):
        return True
    lower, upper = layer_of(target), layer_of(source)
    return lower is not None and upper is not None and lower < upper


def operator_edge_allowed(source, target):
    if source == "main" or source == target:
        return True
    if target in OPERATOR_EDGES:
        return target in OPERATOR_EDGES.get(source, set())
    return target in OPERATOR_SERVER.get(source, {"base"})


def is_generated(header):
    return header.endswith(".pb.h")


def third_party_of(header):
    for prefix in THIRD_PARTY:
        if header == prefix or (prefix.endswith("/") and header.startswith(prefix)):
            return prefix
    return None


def check_angle(part, source, header):
    """The reason why <header> may not be included there, or None."""
    if "." not in os.path.basename(header) or header.startswith(SYSTEM_FOLDERS):
        return None
    if header.endswith(".h") and header[:-2] in SYSTEM:
        return None
    if is_generated(header):
        return check_generated(part, source, header)
    prefix = third_party_of(header)
    if prefix is None:
        return f"<{header}> is no header this tree knows; list it in test/tidy/layers.py with its folder"
    allowed = prefix in OPERATOR_THIRD_PARTY if part == "operator" else source in THIRD_PARTY[prefix]
    return None if allowed else f"<{header}> does not belong into {part}/{source}"


def check_generated(part, source, header):
    if part == "operator" or (source in GENERATED and ".grpc." not in header):
        return None
    return f"generated {header} does not belong into {part}/{source}"


def check_quoted(part, source, header):
    if is_generated(header):
        return check_generated(part, source, header)
    if "/" not in header and source == "main":
        return None  # main's own parts stand beside main.cc
    if "/" not in header:
        return f'"{header}": includes start at the top folder ("{source}/{header}")'
    target = header.split("/")[0]
    allowed = (operator_edge_allowed(source, target) if part == "operator"
               else server_edge_allowed(source, target, header))
    return None if allowed else f'"{header}": {part}/{source} may not include {target}'


def check_file(part, source, path):
    problems = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            check = check_angle if match.group(1) == "<" else check_quoted
            problem = check(part, source, match.group(2))
            if problem:
                problems.append(f"{path}:{number}: {problem}")
    return problems


def check_tree(root):
    problems = []
    for part in ("server", "operator"):
        for folder, _, names in sorted(os.walk(os.path.join(root, part))):
            inside = os.path.relpath(folder, os.path.join(root, part))
            source = "main" if inside == "." else inside.split(os.sep)[0]
            if part == "server" and source not in ("main", "proto") and layer_of(source) is None:
                problems.append(f"{folder}: no layer is known for this folder; see test/tidy/layers.py")
                continue
            for name in sorted(names):
                if name.endswith((".h", ".cc")):
                    problems += check_file(part, source, os.path.join(folder, name))
    return problems


def main():
    found = check_tree(sys.argv[1] if len(sys.argv) > 1 else ".")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
