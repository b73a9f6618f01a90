# flags, environment and commands as such
version
version -w json
version extra
! version
help
--help
put -h
help get
help bogus
help lease grant
! help help
~ 
# help: every command
compaction --help
del --help
get --help
lease --help
lease grant --help
lease keep-alive --help
lease list --help
lease revoke --help
lease timetolive --help
put --help
txn --help
watch --help
alarm --help
alarm disarm --help
alarm list --help
defrag --help
downgrade --help
downgrade cancel --help
downgrade enable --help
downgrade validate --help
endpoint --help
endpoint hashkv --help
endpoint health --help
endpoint status --help
member --help
member add --help
member list --help
member promote --help
member remove --help
member update --help
move-leader --help
snapshot --help
snapshot save --help
elect --help
lock --help
auth --help
auth disable --help
auth enable --help
auth status --help
role --help
role add --help
role delete --help
role get --help
role grant-permission --help
role list --help
role revoke-permission --help
user --help
user add --help
user delete --help
user get --help
user grant-role --help
user list --help
user passwd --help
user revoke-role --help
check --help
check datascale --help
check perf --help
completion --help
help --help
make-mirror --help
options --help
version --help
~ completion bash
~ completion zsh
~ completion fish
~ completion powershell
completion bogus
~ completion
options
bogus
getx a
--bogus
get --bogus a
! get a --endpoints=$EP
! get a --endpoints $EP
! get a --endpoints=$URL
! get a --endpoints=$EP,127.0.0.1:1
! get a --endpoints=127.0.0.1:1,$EP
! get a --endpoints=127.0.0.1:1 --dial-timeout=1s --command-timeout=1s
! get a --endpoints=127.0.0.1:1 --dial-timeout=1s --command-timeout=1s -w json
! put a 1 --endpoints=127.0.0.1:1 --command-timeout=1s
! get a --endpoints= --command-timeout=1s
! env ETCDCTL_ENDPOINTS=$EP get a
! env ETCDCTL_ENDPOINTS=$EP get a --endpoints=$EP
! env ETCDCTL_ENDPOINTS=$EP env ETCDCTL_WRITE_OUT=json get a
env ETCDCTL_WRITE_OUT=json put a 1
env ETCDCTL_WRITE_OUT=json put a 1 -w simple
env ETCDCTL_HEX=true get a
env ETCDCTL_HEX=maybe get a
env ETCDCTL_API=3 get a
env ETCDCTL_API=2 get a
env ETCDCTL_BOGUS=1 get a
env ETCDCTL_COMMAND_TIMEOUT=3s get a
env ETCDCTL_COMMAND_TIMEOUT=nonsense get a
get a --command-timeout=nonsense
get a --command-timeout=1ns
get a --command-timeout=3
get a --dial-timeout=3s --keepalive-time=1s --keepalive-timeout=2s
^ get a --insecure-transport=true --insecure-skip-tls-verify
^ get a --insecure-transport=false --command-timeout=1s --dial-timeout=1s
get a --insecure-discovery=false
get a --cert= 
get a --key=
get a --cacert=
get a --cert=missing.crt
get a --cert=missing.crt --key=missing.key
get a --cacert=missing.crt
get a --user=
get a --password=x
get a --max-request-bytes=10
get a --max-recv-bytes=10
put a "a value of more than ten bytes" --max-request-bytes=10
get a --max-recv-bytes=x
get a --write-out
-w json get a
--write-out=fields get a
get -w=json a
get -wjson a
auth status
auth status -w json
auth status -w fields
auth
auth bogus
user
role
check
check bogus
make-mirror
lock
elect
