# Long flags with one dash are left out: ours takes them, stock etcdctl does not.
# get: selection
put a 1
put ab 2
put abc 3
put b 4
put ba 5
put c 6
put a 7
put z ""
put y "multi\nline"
put bin "\x02\x01\xff"
get a
get missing
get a c
get c a
get a a
get a --prefix
get "" --prefix
get "" --from-key
get b --from-key
get "" 
get a b --prefix
get a --prefix --from-key
get a b --from-key
get
get a b c
get --bogus a
get a --limit=1
get a --prefix --limit=1
get a --prefix --limit=2 -w json
get a --prefix --limit=0
get a --prefix --limit=-1
get a --prefix --limit=x
get "" --prefix --keys-only
get "" --prefix --count-only
get "" --prefix --count-only -w fields
get "" --prefix --count-only -w json
get "" --prefix --count-only --keys-only
get "" --prefix --print-value-only
get a --print-value-only -w json
get "" --prefix --print-value-only --keys-only
get "" --prefix --keys-only -w json
get "" --prefix --keys-only -w fields
get "" --prefix --hex
get "" --prefix --hex --keys-only
get "" --prefix --hex --print-value-only
get bin
get bin --hex -w json
get bin --hex -w fields
get bin -w fields
get a -w json
get a --hex -w json
get a -w fields
get a -w protobuf
get a -w table
get a -w bogus
get a -w simple
get missing -w json
get missing -w fields
# get: sorting
get "" --prefix --order=ASCEND
get "" --prefix --order=DESCEND
get "" --prefix --order=descend
get "" --prefix --order=UP
get "" --prefix --sort-by=KEY --order=DESCEND --keys-only
get "" --prefix --sort-by=CREATE --keys-only
get "" --prefix --sort-by=CREATE --order=DESCEND --keys-only
get "" --prefix --sort-by=MODIFY --keys-only
get "" --prefix --sort-by=MODIFY --order=DESCEND --keys-only
get "" --prefix --sort-by=VALUE --order=ASCEND
get "" --prefix --sort-by=VERSION --order=DESCEND --limit=1
get "" --prefix --sort-by=version --limit=1
get "" --prefix --sort-by=SIZE
get a --sort-by=KEY
# get: revisions
get a --rev=1
get a --rev=2
get a --rev=7
get a --rev=8
get a --rev=1000
get a --rev=-1
get a --rev=x
get "" --prefix --rev=4 -w json
get "" --prefix --min-mod-rev=4 --keys-only
get "" --prefix --max-mod-rev=4 --keys-only
get "" --prefix --min-create-rev=4 --max-create-rev=6 --keys-only
get "" --prefix --min-mod-rev=6 --max-mod-rev=4
get "" --prefix --min-create-rev=6 --max-create-rev=4
get "" --prefix --min-mod-rev=4 --limit=2 -w json
get a --consistency=s
get a --consistency=l
get a --consistency=x
# get: streamed
get "" --prefix --stream
get "" --prefix --stream --keys-only
get "" --prefix --stream -w json
get "" --prefix --stream -w fields
get a --stream
get a --prefix --stream --order=DESCEND
get a --prefix --stream --limit=2
# get: after a compaction
compaction 5
get a --rev=4
get a --rev=5
