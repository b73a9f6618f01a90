"""The command lines that compare.py runs, by suite. Each is run on the state that those before it
in the same suite have left."""
import os

CLIENT_PORT = int(os.environ.get("COMPARE_PORT", "24790"))
ENDPOINT = f"127.0.0.1:{CLIENT_PORT}"


def case(args,
         stdin=None,
         env=None,
         capture=None,
         endpoint=True,
         timeout=None,
         kill=None,
         loose=False):
    """One command. `capture` is (name, regex): its first group stands for {name} from then on.
    `loose`: the order and width of its parts hang on random IDs and on times."""
    words = args if isinstance(args, list) else args.split()
    return dict(args=words,
                stdin=stdin,
                env=env or {},
                capture=capture,
                endpoint=endpoint,
                timeout=timeout,
                kill=kill,
                loose=loose)


FORMATS = ["simple", "fields", "json", "protobuf", "table"]


def in_formats(args, **more):
    words = args if isinstance(args, list) else args.split()
    cases = [case(words + ["-w", f], **more) for f in FORMATS]
    return cases + [case(words + ["--hex", "-w", f], **more) for f in ("simple", "fields", "json")]


def kv_cases():
    cases = [case("put foo bar"), case("put foo bar2 --prev-kv"), case("get foo")]
    cases += [
        case(["put", "quo\"te", "<a>&'\\ \u00e9\u2028\t\x01"]),
        case(["put", "bin"], stdin=b"\xff\x00a")
    ]
    for key in ("a", "b", "c", "aa", "ab"):
        cases.append(case(["put", key, "v" + key]))
    cases += in_formats("get foo") + in_formats("get a z") + in_formats(["get", "", "--prefix"])
    cases += in_formats("put foo bar3 --prev-kv") + in_formats("get nothing")
    cases += [
        case("get a --prefix --keys-only"),
        case("get a --from-key --limit 2 -w json"),
        case("get a --prefix --count-only -w fields"),
        case("get a --prefix --count-only"),
        case("get a --prefix --print-value-only"),
        case("get a --print-value-only -w json"),
        case("get a --prefix --sort-by value --order descend"),
        case("get a --prefix --sort-by MODIFY"),
        case("get a --order x"),
        case("get a --sort-by x"),
        case("get a --consistency s"),
        case("get a --consistency x"),
        case("get foo --rev 2"),
        case("get foo --rev 1"),
        case("get foo --rev 1000"),
        case("get foo --rev=-1"),
        case("get a z --stream"),
        case("get a z --stream -w json"),
        case("get a z --stream --order descend"),
        case("get a --prefix --min-create-rev 7"),
        case("get a --prefix --max-create-rev 7 --min-create-rev 9"),
        case("get a --prefix --max-mod-rev 3 --min-mod-rev 9"),
        case("get a b --prefix"),
        case("get a --prefix --from-key"),
        case("get a --keys-only --count-only"),
        case(["get", ""]),
        case("get"),
        case(["put", "", "x"]),
        case("put"),
        case("put k"),
        case("put k", stdin=b"from stdin\n"),
        case("get k"),
        case("put k v --ignore-value"),
        case("put none --ignore-value"),
        case("put k --ignore-value --prev-kv"),
        case("put k v --lease x"),
        case("put k v --lease 12345678"),
        case("put k v2 --ignore-lease"),
        case("put k v2 --ignore-lease --lease 1"),
        case(["put", "k", "--", "-v"]),
        case("get k"),
        case("put k -v")
    ]
    cases += [
        case("del a"),
        case("del a"),
        case("del --prefix a --prev-kv"),
        case("del b c --range"),
        case("del b d --range --prev-kv -w json"),
        case("del"),
        case("del a b c"),
        case("del a --prefix --from-key"),
        case("del a b --prefix"),
        case(["del", ""]),
        case("del a b")
    ]
    cases += in_formats("del zz")
    return cases


def txn_cases():
    basic = b'mod("foo") > "0"\n\nget foo\nput x "y z"\ndel zz\n\nput never "n"\n\n'
    cases = in_formats("txn", stdin=basic)
    cases += [
        case("txn -i", stdin=basic),
        case("txn x"),
        case("txn", stdin=b""),
        case("txn", stdin=b'val("foo") = "nope"\n\n\nput e "1"\nget e --prefix --keys-only\n\n')
    ]
    bad = [
        b'mod("foo") > 0\n', b'mod(foo) > "0"\n', b'mod "foo"\n', b'foo("a") = "1"\n',
        b'mod("foo")>"0"\n', b'c("foo") < "x"\n', b'version("foo") != "1" x\n\n\n\n',
        b'ver("a\\q") = "1"\n', b'\nfoo bar\n', b'\nget\n', b'\nget --foo a\n', b'\nput a "\\q"\n',
        b'\nget a b c\n\n\n', b"\nput 'sq x' \"dq\\n\"\nget 'sq x'\n\n\n",
        b'\nput dup 1\nput dup 2\n\n\n', b'\nput pre"x" y\n\n\n', b'\nput a --lease zz b\n',
        b'c("foo") = "0"\nm("foo") = "1"\nval("foo") < "z"\ncreate("q") = "0"\n\n\nget foo\n'
    ]
    return cases + [case("txn", stdin=text) for text in bad]


def lease_cases():
    grant = ("lease", r"lease ([0-9a-f]{16}) granted")
    cases = [
        case("lease grant 100", capture=grant),
        case("put leased v --lease {lease}"),
        case("get leased -w json")
    ]
    cases += in_formats("lease timetolive {lease} --keys") + in_formats("lease timetolive {lease}")
    cases += in_formats("lease list") + in_formats("lease keep-alive {lease} --once")
    cases += [case(["get", "leased", "-w", f]) for f in ("simple", "fields", "json")]
    cases += [
        case("lease grant 60 -w json"),
        case("lease grant 60 -w fields"),
        case("lease grant 60 -w protobuf"),
        case("lease grant 60 -w table"),
        case("lease revoke {lease}"),
        case("lease revoke {lease}"),
        case("lease timetolive {lease}"),
        case("lease timetolive {lease} -w json"),
        case("lease keep-alive {lease} --once"),
        case("lease keep-alive {lease}"),
        case("lease keep-alive {lease} -w json"),
        case("lease grant 70", capture=grant),
        case("lease revoke {lease} -w json"),
        case("lease grant 70", capture=grant),
        case("lease revoke {lease} -w fields"),
        case("lease grant x"),
        case("lease grant"),
        case("lease grant 99999999999"),
        case("lease revoke"),
        case("lease revoke zz"),
        case("lease revoke 1"),
        case("lease timetolive"),
        case("lease timetolive zz"),
        case("lease keep-alive"),
        case("lease keep-alive 0x"),
        case("lease keep-alive 1 --once")
    ]
    return cases


def watch_cases():
    cases = [case("put w 1"), case("put w 2"), case("del w"), case("put w 3")]
    for form in FORMATS:
        cases.append(case(["watch", "w", "--rev", "2", "-w", form], timeout=0.7))
    cases += [
        case("watch w --rev 2 --prev-kv", timeout=0.7),
        case("watch w --rev 2 --prev-kv --hex", timeout=0.7),
        case("watch w --rev 2 -- sh -c", timeout=0.7),
        case("watch w --rev 2 --", timeout=0.7),
        case([
            "watch", "w", "--rev", "2", "--", "sh", "-c",
            "echo $ETCD_WATCH_REVISION $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE"
        ],
             timeout=0.7),
        case("watch w --rev 2 -- false", timeout=3),
        case("watch w --rev 2 -- nosuchprog", timeout=3),
        case("watch w a", timeout=3),
        case("watch w --rev=-1", timeout=3),
        case("watch w -w json a", timeout=3),
        case("watch", timeout=3),
        case("watch w x --prefix", timeout=3),
        case("watch --rev 2", env={"ETCDCTL_WATCH_KEY": "w"}, timeout=0.7),
        case("watch --rev 2",
             env={
                 "ETCDCTL_WATCH_KEY": "w",
                 "ETCDCTL_WATCH_RANGE_END": "x"
             },
             timeout=0.7),
        case("watch x", env={"ETCDCTL_WATCH_KEY": "w"}, timeout=3),
        case("watch", env={"ETCDCTL_WATCH_RANGE_END": "w"}, timeout=3),
        case(["watch", "--rev", "2", "--", "echo", "hi"],
             env={"ETCDCTL_WATCH_KEY": "w"},
             timeout=0.7),
        case("watch -i", stdin=b"", timeout=3),
        case("watch -i", stdin=b"foo\n\nwatch\n", timeout=3),
        case("watch -i", stdin=b"watch w --foo\n", timeout=3),
        case("watch -i", stdin=b"watch w x --prefix\n", timeout=3),
        case("watch w --rev 2 --progress-notify", timeout=0.7)
    ]
    return cases


def cluster_cases():
    cases = in_formats("member list") + in_formats("endpoint status") + in_formats(
        "endpoint hashkv")
    cases += in_formats("endpoint health",
                        loose=True) + in_formats("alarm list") + in_formats("alarm disarm")
    cases += in_formats("endpoint health --cluster",
                        loose=True) + [case("endpoint status --cluster")]
    cases += [
        case("member list --consistency s"),
        case("member add"),
        case("member add x"),
        case("member add x http://a:1"),
        case("member add x y"),
        case("member remove"),
        case("member remove zz"),
        case("member remove 1"),
        case("member update"),
        case("member update 1"),
        case("member update 1 --peer-urls http://127.0.0.1:1"), *[
            case(["member", "update", "1", "--peer-urls", url])
            for url in ("http://a:b:1", "http://a", "http://a:1/x", "http://a:1,", "://",
                        "http://a b:1", "http://a:port", "ftp://a:1", "unix:/x", "http://[::1]:1")
        ],
        case("member promote"),
        case("member promote 1"),
        case("member add n2 --peer-urls=not-a-url"),
        case("endpoint hashkv --rev 3"),
        case("endpoint hashkv --rev 100000"),
        case("move-leader"),
        case("move-leader zz"),
        case("move-leader 1"),
        case("downgrade validate 3.6"),
        case("downgrade validate 3.5"),
        case("downgrade validate"),
        case("downgrade validate a b"),
        case("downgrade enable x"),
        case("downgrade cancel"),
        case(["downgrade", "validate", ""]),
        case("compaction"),
        case("compaction x"),
        case("compaction 3"),
        case("compaction 3"),
        case("compaction 2 --physical"),
        case("compaction 100000"),
        case("watch w --rev 1", timeout=3),
        case("watch w --rev 1 -w json", timeout=3),
        case("get foo --rev 1"),
        case("defrag"),
        case("defrag --cluster"),
        case("defrag -w json"),
        case("snapshot save {tmp}/s.db"),
        case("snapshot save"),
        case("snapshot save {tmp}/no/s.db"),
        case("alarm list x"),
        case("alarm disarm x")
    ]
    cases += in_formats("downgrade validate 3.6")
    cases += [
        case("member add n2 --learner --peer-urls=http://127.0.0.1:1,http://localhost:2",
             capture=("member", r"Member ([0-9a-f]{16}|[ 0-9a-f]{16}) added"),
             loose=True),
        case("member list", loose=True),
        case("member list -w json --hex", loose=True),
        case("member promote {member}"),
        case("member update {member} --peer-urls=http://127.0.0.1:3 -w json", loose=True),
        case("member update {member} --peer-urls=http://127.0.0.1:4"),
        case("member remove {member}"),
        case("member remove {member}"),
        case("member add n3 --learner --peer-urls=http://127.0.0.1:7 -w fields")
    ]
    return cases


def auth_cases():
    cases = [
        case("auth status"),
        case("auth status -w json"),
        case("auth status -w fields"),
        case("user list"),
        case("role list"),
        case("auth enable"),
        case("auth enable x")
    ]
    cases += in_formats("user add u1:pw1") + [
        case("user add root:rootpw"),
        case("user add u1:x"),
        case("user add :x"),
        case("user add"),
        case("user add u2 --interactive=false", stdin=b"pw2\n"),
        case("user add u3 --new-user-password pw3 -w json"),
        case("user add u4 --no-password"),
        case("user delete u4"),
        case("user delete u4"),
        case("user delete"),
        case("user get nobody"),
        case("user passwd u1 --interactive=false", stdin=b"new\n")
    ]
    cases += in_formats("role add r1") + [
        case("role add r2"),
        case("role add"),
        case("role grant-permission r1 read foo"),
        case("role grant-permission r1 write a b"),
        case("role grant-permission r1 READWRITE pre --prefix"),
        case("role grant-permission r1 read from --from-key"),
        case(["role", "grant-permission", "r2", "readwrite", "", "--prefix"]),
        case("role grant-permission r1 bad foo"),
        case("role grant-permission r1 read"),
        case("role grant-permission r1 read a b --prefix"),
        case("role grant-permission r1 read a --prefix --from-key"),
        case("role grant-permission nobody read foo -w json")
    ]
    cases += in_formats("role get r1") + in_formats("role list") + in_formats("user list")
    cases += [
        case("role get r2"),
        case("role get root"),
        case("user grant-role u1 r1"),
        case("user grant-role u1 r2 -w json"),
        case("user grant-role u1 nobody"),
        case("user grant-role u1"),
        case("user get u1 --detail")
    ]
    cases += in_formats("user get u1")
    cases += [
        case("user revoke-role u1 r2"),
        case("user revoke-role u1 r2"),
        case("role revoke-permission r1 foo"),
        case("role revoke-permission r1 a b"),
        case("role revoke-permission r1 pre --prefix"),
        case("role revoke-permission r1 from --from-key"),
        case("role revoke-permission r1 foo"),
        case("role revoke-permission r1"),
        case("role get r1"),
        case("role delete r2"),
        case("role delete r2"),
        case("role delete"),
        case("auth enable"),
        case("auth status"),
        case("get foo"),
        case("put foo x"),
        case("get foo --user root:rootpw"),
        case("get foo --user root --password rootpw"),
        case("get foo --user root:bad"),
        case("get foo --user u1:new"),
        case("put foo 1 --user u1:new"),
        case("user list --user u1:new"),
        case("endpoint health --user u1:new"),
        case("endpoint health"),
        case("watch foo", timeout=3),
        case("watch foo --user u1:new", timeout=3),
        case("get foo --auth-jwt-token abc"),
        case("get foo --auth-jwt-token abc --user root:rootpw"),
        case("snapshot save {tmp}/t.db"),
        case("auth disable"),
        case("auth disable --user root:rootpw"),
        case("auth status"),
        case("user list x"),
        case("role list x")
    ]
    return cases


def usage_cases():
    lines = [
        "", "--help", "foo", "get --foo", "get --foo=1 a", "get -z", "lease", "lease foo", "l list",
        "e foo", "mem li", "ls", "defragg", "get --limit", "get --limit=x a", "get --limit 0x2 a",
        "get --limit=99999999999999999999 a", "get a --prefix=false", "get a --prefix=x",
        "get a --command-timeout 5", "get a --command-timeout=xs", "get a --command-timeout=5y",
        "get a --debug=maybe", "-w", "get -w", "get -w=json foo", "get -wjson foo",
        "get -w json foo", "get --=x", "get ---x", "get -1", "--foo get a", "get foo -w xx",
        "--write-out json get foo", "get --write-out=json foo", "help", "help foo", "help get",
        "help lease grant", "help lease foo", "get -h", "get --help", "lease -h", "lease grant -h",
        "version", "version x", "-h version", "get --cert= a", "get --key= a", "get --cacert= a",
        "get --cert x a", "get --cert x --key y a", "get --cacert nope a", "get -h --foo",
        "get --help=x", "get --help=false foo", "completion", "completion foo",
        "completion bash zsh", "check perf --load q", "check", "lock", "elect", "elect a",
        "elect a b -l", "make-mirror", "make-mirror a b", "get foo --max-recv-bytes 10",
        "get foo --max-recv-bytes 10 --max-request-bytes 20", "put a b --max-request-bytes 5",
        "get --rev 1 --rev 0 foo", "user", "endpoint", "get foo -- --prefix", "move-leader --foo",
        "txn -ix", "elect -lx"
    ]
    cases = [case(line) for line in lines]
    cases += [
        case("get foo", env={"ETCDCTL_API": "3"}),
        case("get foo", env={"ETCDCTL_WRITE_OUT": "json"}),
        case("get foo -w json", env={"ETCDCTL_WRITE_OUT": "json"}),
        case("get foo -w json", env={"ETCDCTL_WRITE_OUT": ""}),
        case("get foo", env={"ETCDCTL_HEX": "true"}),
        case("get foo", env={"ETCDCTL_FOO": "<&>"}),
        case("get foo", env={"ETCDCTL_USER": "root:x"}),
        case("get foo", env={"ETCDCTL_CERT": "x"}),
        case("endpoint status -w json", env={"ETCDCTL_CLUSTER": "true"}),
        case("get foo", env={"ETCDCTL_ENDPOINTS": ENDPOINT}, endpoint=False),
        case(["get", "foo", "--endpoints", '"a']),
        case("get foo --endpoints=", endpoint=False),
        case(["get", "foo", "--endpoints", f" {ENDPOINT}"], endpoint=False),
        case(["get", "foo", "--endpoints", f"http://{ENDPOINT}"], endpoint=False),
        case(["get", "foo", "--endpoints", f"127.0.0.1:1,{ENDPOINT}"], endpoint=False),
        case(["member", "list", "--endpoints", f"127.0.0.1:1,{ENDPOINT}"], endpoint=False),
        case(["get", "foo", "--command-timeout", "300ms", "--endpoints", "127.0.0.1:1"],
             endpoint=False),
        case(["put", "foo", "x", "--command-timeout", "300ms", "--endpoints", "127.0.0.1:1"],
             endpoint=False),
        case(["endpoint", "status", "--command-timeout", "300ms", "--endpoints", "127.0.0.1:1"],
             endpoint=False),
        case(["endpoint", "health", "--command-timeout", "300ms", "--endpoints", "127.0.0.1:1"],
             endpoint=False),
        case([
            "endpoint", "health", "--command-timeout", "300ms", "-w", "json", "--endpoints",
            f"127.0.0.1:1,{ENDPOINT}"
        ],
             endpoint=False),
        case(["defrag", "--command-timeout", "300ms", "--endpoints", f"127.0.0.1:1,{ENDPOINT}"],
             endpoint=False),
        case(["get", "foo", "--command-timeout", "300ms", "--endpoints", f"https://{ENDPOINT}"],
             endpoint=False),
        case(["get", "foo", "--command-timeout", "300ms", "--insecure-transport=false"]),
        case(["snapshot", "save", "{tmp}/u.db", "--endpoints", f"{ENDPOINT},127.0.0.1:1"],
             endpoint=False),
        case([
            "snapshot", "save", "{tmp}/u.db", "--command-timeout", "300ms", "--endpoints",
            "127.0.0.1:1"
        ],
             endpoint=False),
        case(["get", "a", "--stream", "--command-timeout", "300ms", "--endpoints", "127.0.0.1:1"],
             endpoint=False),
        case(["get", "foo", "--endpoints", 'a"b'], endpoint=False),
        case(["get", "foo", "--endpoints", '"a"b'], endpoint=False),
        case(["get", "foo", "--endpoints", f'"{ENDPOINT}"'], endpoint=False),
        case(["move-leader", "1", "--command-timeout", "300ms", "--endpoints", "127.0.0.1:1"],
             endpoint=False)
    ]
    return cases


def recipe_cases():
    key = ("lease", r"(?:lk|el)/([0-9a-f]+)")
    return [
        case("lock lk", timeout=0.7, kill="INT", capture=key),
        case("lock lk -- echo locked"),
        case("lock lk -- sh -c exit\\ 3"),
        case("get lk --prefix"),
        case(["lock", "lk", "--", "sh", "-c", "exit 3"]),
        case("lock lk -- nosuchprog"),
        case(["lock", "lk", "--", "sh", "-c", "kill -9 $$"]),
        case(["lock", "lk", "--", "sh", "-c", "echo $ETCD_LOCK_REV"]),
        case("elect el value", timeout=0.7, kill="INT", capture=key),
        case("elect -l el", timeout=0.7, kill="INT"),
        case("get el --prefix"),
        case("put el/1 leader"),
        case("elect -l el", timeout=0.7, kill="INT"),
        case("elect -l el -w json", timeout=0.7, kill="INT")
    ]


SUITES = dict(kv=kv_cases,
              txn=txn_cases,
              lease=lease_cases,
              watch=watch_cases,
              cluster=cluster_cases,
              auth=auth_cases,
              usage=usage_cases,
              recipes=recipe_cases)
