# del
put a 1
put ab 2
put abc 3
put b 4
put c 5
put d 6
put e 7
put f 8
del missing
del a
del ab --prev-kv
put a 1
put ab 2
del a --prefix
put a 1
put ab 2
del a --prefix --prev-kv
del b c --range
del c --prev-kv -w json
del missing -w json
del d -w fields --prev-kv
del e -w protobuf
del f -w table
get "" --prefix --keys-only
put x 1
put y 2
put z 3
del x y
del y --from-key --prev-kv
get "" --prefix --keys-only
del ""
del "" --prefix
put a 1
del "" --from-key
del "" --from-key --prefix
del a b --prefix
del a b --from-key
del a b --range --prefix
del a --range
del
del a b c
del --bogus a
del a -w bogus
del --hex a --prev-kv
put "\x01" "\x02"
del "\x01" --prev-kv --hex
put a 1
del a --prev-kv -w fields --hex
