@tls
put a 1
get a
get a -w json
endpoint health
endpoint status -w json
member list
bg W watch a --rev=1
stop W 3
! ^ get a --endpoints=$URL --command-timeout=1s --dial-timeout=1s
! ^ get a --endpoints=$EP --command-timeout=1s --dial-timeout=1s
! ^ get a --endpoints=$URL --insecure-skip-tls-verify --command-timeout=1s --dial-timeout=1s
snapshot save one.db
