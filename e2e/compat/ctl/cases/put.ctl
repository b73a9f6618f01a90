# Long flags with one dash are left out: ours takes them, stock etcdctl does not.
# put: every flag, every format, wrong usage
put a 1
put a 2
put a 3 --prev-kv
put b 1 --prev-kv
put "" x
put a ""
get a
put a <<< "from stdin"
get a
put a <<< "two\nlines\n"
get a
put "k with space" "v with space"
put "\x01\x02" "\xff\xfe"
get "\x01\x02"
get "\x01\x02" --hex
put --hex a b
put a 4 --prev-kv --hex
put a 5 --prev-kv -w json
put a 6 -w json
put a 7 -w fields
put a 8 -w fields --prev-kv
put a 9 -w fields --prev-kv --hex
put a 10 -w protobuf
put a 11 -w protobuf --prev-kv
put a 12 -w table
put a 13 -w yaml
put a 14 -w simple
put a 15 --write-out=json
put a -w json 16
put a 17 --ignore-value
put a --ignore-value
put missing --ignore-value
put a 18 --ignore-lease
put missing 18 --ignore-lease
put a 19 --lease=123
put a 19 --lease=xyz
put a 20 --lease=0
put
put a b c
put --bogus a b
put -x a b
put -- -dash 1
get -- -dash
put a "--not-a-flag"
put a 22 --prev-kv=true
put a 23 --prev-kv=false
put a 24 --prev-kv=maybe
get a
lease grant 1000
capture L1 lease (\S+) granted
put leased 1 --lease=$L1
put leased 2 --ignore-lease
get leased -w json
get leased -w fields
get leased -w fields --hex
put leased --ignore-value --lease=0
get leased -w json
put leased 3 --lease=$L1 --ignore-lease
put leased 4 --lease=$L1 --prev-kv -w json
get "" --prefix -w json
