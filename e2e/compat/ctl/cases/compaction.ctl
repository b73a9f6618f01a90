put a 1
put a 2
put a 3
compaction 2
compaction 2
compaction 1
compaction 100
compaction 3 --physical
compaction 4 -w json
compaction 4 -w fields
compaction 0
compaction -1
compaction -- -1
compaction x
compaction
compaction 1 2
compact 4
compaction --bogus 4
get a --rev=3
put a 4
compaction 5 --physical -w table
