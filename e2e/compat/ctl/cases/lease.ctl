lease grant 100
capture L1 lease (\S+) granted
lease grant 200 -w json
lease grant 300 -w fields
lease grant 1
lease grant 0
lease grant -1
lease grant -- -1
lease grant 9000000001
lease grant x
lease grant
lease grant 1 2
lease timetolive $L1
lease timetolive $L1 --keys
put a 1 --lease=$L1
lease timetolive $L1 --keys -w json
lease timetolive $L1
lease timetolive $L1 -w json
lease timetolive $L1 -w fields
lease timetolive $L1 -w fields --hex
lease timetolive 7b
lease timetolive 7b -w json
lease timetolive 7b -w fields
lease timetolive xyz
lease timetolive
lease keep-alive $L1 --once
lease keep-alive $L1 --once -w json
lease keep-alive $L1 --once -w fields
lease keep-alive 7b --once
lease keep-alive 7b
lease keep-alive xyz
lease keep-alive
lease keepalive $L1 --once
bg K lease keep-alive $L1
stop K 1
lease timetolive $L1 -w table
lease timetolive $L1 -w protobuf
lease revoke $L1
lease revoke $L1
lease revoke 7b
lease revoke xyz
lease revoke
get a
lease timetolive $L1
lease
lease bogus
lease grant 100 -w table
lease grant 100 -w bogus
