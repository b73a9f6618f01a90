put a 1
put b 2
del a
endpoint health
endpoint health -w json
endpoint health -w fields
endpoint health -w table
endpoint health -w protobuf
endpoint health -w bogus
endpoint status
endpoint status -w json
endpoint status -w fields
endpoint status -w table
endpoint status -w protobuf
endpoint hashkv
endpoint hashkv -w json
endpoint hashkv -w fields
endpoint hashkv -w table
endpoint hashkv -w protobuf
endpoint hashkv --rev=3
endpoint hashkv --rev=1000
endpoint hashkv --rev=x
compaction 4
endpoint hashkv
endpoint hashkv --rev=2
endpoint hashkv --rev=4 -w json
endpoint status --hex -w fields
endpoint hashkv --hex -w fields
endpoint
endpoint bogus
endpoint health --bogus
endpoint health extra
endpoint status extra
ep health
! endpoint health --endpoints=$EP,$EP
! endpoint health --endpoints=127.0.0.1:1 --dial-timeout=1s --command-timeout=1s
! % endpoint health --endpoints=$EP,127.0.0.1:1 --dial-timeout=1s --command-timeout=1s
! endpoint status --endpoints=127.0.0.1:1 --dial-timeout=1s --command-timeout=1s
! endpoint hashkv --endpoints=127.0.0.1:1 --dial-timeout=1s --command-timeout=1s
