#!/bin/sh
# All checks of the tree's shape; ./dev tidy calls this. With a name, that one alone.
#
#   run.sh [layers|lengths|words|format|threads|self]
set -u
cd "$(dirname "$0")/../.."

layers() { python3 test/tidy/layers.py .; }
lengths() { python3 test/tidy/lengths.py .; }
words() { python3 test/tidy/words.py .; }
self() { python3 test/tidy/tidy_test.py; }

format() {
  find server operator test e2e \( -name '*.h' -o -name '*.cc' \) -print0 |
    xargs -0 -P "$(nproc)" -n 20 clang-format-19 --dry-run -Werror
}

# Generated headers have to be there before clang can read the sources.
threads() {
  cmake --build build --target keelson_proto >/dev/null || return 1
  python3 test/tidy/thread_safety.py . build/compile_commands.json
}

status=0
for check in ${1:-self layers lengths words format threads}; do
  if output=$($check 2>&1); then
    echo "tidy: $check: good"
  else
    echo "tidy: $check: FAILED"
    printf '%s\n' "$output" | head -60
    status=1
  fi
done
exit $status
