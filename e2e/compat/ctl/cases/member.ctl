member list
member list -w json
member list -w fields
member list -w table
member list -w protobuf
member list -w bogus
member list --hex
member list --hex -w json
member list --hex -w fields
member list --consistency=s
member list --consistency=l
member list --consistency=x
member list extra
member
member bogus
mem li
member remove
member remove xyz
member remove 1
member remove 1 -w json
member update 1
member update 1 --peer-urls=http://127.0.0.1:1
member update xyz --peer-urls=http://127.0.0.1:1
member update 1 --peer-urls=nonsense
member promote 1
member promote xyz
member promote
member promote b71f75320dc06a6c
member add
member add n1
member add n1 --peer-urls=nonsense
member add n1 --peer-urls=http://127.0.0.1:2380
