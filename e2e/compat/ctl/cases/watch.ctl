# watch from a revision: live and past events
put a 1
put a 2
put b 1
del a
put ab 1
bg W watch a --rev=1
stop W 9
bg W watch a --rev=1 --prev-kv
stop W 13
bg W watch a --prefix --rev=1
stop W 12
bg W watch a c --rev=1
stop W 15
bg W watch "" --prefix --rev=1
stop W 15
bg W watch b --rev=1 -w json
stop W 1
bg W watch a --rev=1 -w json --prev-kv
stop W 1
bg W watch a --rev=1 -w fields
stop W 25
bg W watch a --rev=1 -w fields --hex --prev-kv
stop W 37
bg W watch b --rev=1 -w protobuf
stop W 1
bg W watch b --rev=1 -w table
stop W 1
bg W watch b --rev=1 --hex
stop W 3
# live
bg W watch live --rev=7
put live 1
put live 2
del live
stop W 9
bg W watch a --rev=1 -- echo event
stop W 12
bg W watch b --rev=1 -- sh -c 'echo $ETCD_WATCH_REVISION $ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE'
stop W 4
bg W env ETCDCTL_WATCH_KEY=b watch --rev=1
stop W 3
bg W env ETCDCTL_WATCH_KEY=a env ETCDCTL_WATCH_RANGE_END=c watch --rev=1
stop W 15
bg W watch -i <<< "watch b --rev=1\n"
stop W 3
bg W watch --interactive <<< "watch --rev=1 a\n"
stop W 9
# wrong usage
watch
watch a b --prefix
watch a --rev=x
watch a --bogus
watch -i <<< "bogus\n"
watch -i <<< "watch\n"
env ETCDCTL_WATCH_KEY=b watch a
# compacted
compaction 5
watch a --rev=2
watch a --rev=2 -w json
watch a --rev=4 --prev-kv
