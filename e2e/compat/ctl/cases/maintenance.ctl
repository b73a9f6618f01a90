put a 1
put b 2
defrag
defrag -w json
defrag --cluster=false
defrag --bogus
defrag extra
! defrag --endpoints=127.0.0.1:1 --dial-timeout=1s --command-timeout=1s
snapshot save $DIR/one.db
snapshot save one.db
snapshot save
snapshot save a b
snapshot save $DIR/missing/one.db
~ snapshot save $DIR/two.db -w json
snapshot
snapshot bogus
snapshot status $DIR/one.db
! snapshot save x.db --endpoints=127.0.0.1:1 --dial-timeout=1s --command-timeout=1s
! snapshot save x.db --endpoints=$EP,$EP
move-leader b71f75320dc06a6c
move-leader 1
move-leader xyz
move-leader
move-leader 1 2
move-leader 1 -w json
downgrade validate 3.6
downgrade validate 3.6.0
downgrade validate 3.5
downgrade validate 3.7
downgrade validate x
downgrade validate
downgrade cancel
downgrade enable 3.5
downgrade enable
downgrade
downgrade cancel -w json
downgrade validate 3.6 -w fields
