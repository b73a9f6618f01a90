lease list
lease list -w json
lease list -w fields
lease list -w table
lease list extra
lease grant 5000
capture L1 lease (\S+) granted
lease list
lease list -w json
lease list -w fields
lease list --hex -w json
lease grant 6000
capture L2 lease (\S+) granted
lease list
lease revoke $L1 -w json
lease revoke $L2 -w fields
lease list
