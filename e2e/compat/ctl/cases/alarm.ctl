@server --quota-backend-bytes=16777216
alarm list
alarm list -w json
alarm list -w fields
alarm list -w table
alarm disarm
alarm disarm -w json
alarm
alarm bogus
alarm list extra
alarm disarm extra
put a 1
endpoint health
