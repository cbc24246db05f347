#!/usr/bin/env bash
# Proves that house.sh can fail: builds a small tree that keeps every rule, breaks it in one place at a time, and wants exactly that
# fault to be reported.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0
cases=0

good_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/core/src/{base,sched,sync,time} "$tree"/core/include/heddle/port "$tree"/plugins/common/linux "$tree"/plugins/{a,b,windows-c}
  printf '// Base.\n#include <vector>\n' >"$tree/core/src/base/log.hpp"
  printf '#include "base/log.hpp"\n' >"$tree/core/src/base/log.cpp"
  printf '// Queue.\n#include "base/log.hpp"\n#include <boost/heap/d_ary_heap.hpp>\n#include <heddle/fiber.hpp>\n' >"$tree/core/src/sched/queue.hpp"
  printf '// Mutex.\n#include "sched/queue.hpp"\n#include "sync/other.hpp"\n' >"$tree/core/src/sync/mutex.hpp"
  printf '/* The only place that may ask. */\n#if defined(_WIN32)\n#endif\n' >"$tree/core/include/heddle/port/abi.h"
  printf '// Fiber.\n#include <heddle/port/abi.h>\n#include <string>\n' >"$tree/core/include/heddle/fiber.hpp"
  printf '# Core.\n' >"$tree/core/CMakeLists.txt"
  local port name
  for port in a b windows-c; do
    for name in README.md call.S context.S frame.h machine.h port.cpp preempt.S tls.S vdso.S; do
      printf '// Port.\n#include <heddle/port/abi.h>\n#include "machine.h"\n' >"$tree/plugins/$port/$name"
    done
  done
  cp "$tree"/plugins/windows-c/{call,procedure}.S
}

# wants RULE COUNT [TEXT]: the rule reports that many faults in the tree, and the text among them.
wants() {
  local rule=$1 count=$2 text=${3-} output status=0 found=0
  cases=$((cases + 1))
  output=$("$here/house.sh" "$rule" "$tree") || status=$?
  [[ -z $output ]] || found=$(wc -l <<<"$output")
  if ((found != count || status != (count > 0))) || [[ $output != *"$text"* ]]; then
    failures=$((failures + 1))
    printf '%s: wanted %d fault(s) with "%s", found status %d and:\n%s\n' "$rule" "$count" "$text" "$status" "$output"
  fi
}

# breaks RULE FILE LINE TEXT: a line added to a good tree makes the rule report one fault with that text.
breaks() {
  good_tree
  [[ -e $tree/$2 ]] || { mkdir -p "$(dirname "$tree/$2")" && echo '// New.' >"$tree/$2"; }
  printf '%s\n' "$3" >>"$tree/$2"
  wants "$1" 1 "$4"
}

for rule in layering portable ports header_comment length leftovers; do
  good_tree
  wants "$rule" 0
done

breaks layering core/src/base/log.cpp '#include "sched/queue.hpp"' 'log.cpp:2: room base may not include sched/queue.hpp'
breaks layering core/src/base/log.cpp '#include <boost/heap/d_ary_heap.hpp>' 'room base may not include boost/heap'
breaks layering core/src/base/log.cpp '  #  include <unistd.h>' 'room base may not include unistd.h'
breaks layering core/src/sync/mutex.hpp '#include "time/timer.hpp"' 'room sync may not include time/timer.hpp'
breaks layering core/src/sync/mutex.hpp '#include <nlohmann/json.hpp>' 'room sync may not include nlohmann/json.hpp'
breaks layering core/src/sync/mutex.hpp '#include <heddle/port/abi.h>' 'room sync may not include heddle/port/abi.h'
breaks layering core/src/sched/queue.hpp '#include "queue.hpp"' 'does not begin with a room'
breaks layering core/src/sched/queue.hpp '#include <boost/dll.hpp>' 'room sched may not include boost/dll.hpp'
breaks layering core/src/attic/old.cpp 'int old;' 'attic is no room of rooms.txt'
breaks layering core/include/heddle/fiber.hpp '#include <nlohmann/json.hpp>' 'room public may not include nlohmann/json.hpp'
breaks layering core/include/heddle/port/abi.h '#include <unistd.h>' 'room abi may not include unistd.h'
breaks layering plugins/a/port.cpp '#include <heddle/fiber.hpp>' 'a port may not include heddle/fiber.hpp'
breaks layering plugins/common/linux/elf.hpp '#include "base/log.hpp"' 'a port may not include base/log.hpp'

breaks portable core/src/base/log.hpp '#ifdef __linux__' 'log.hpp:3: the core asks for an OS'
breaks portable core/src/base/log.hpp '#if defined(_WIN32)' 'the core asks for an OS'
breaks portable core/include/heddle/fiber.hpp '#if defined(__x86_64__) || FOO' 'fiber.hpp:4: the core asks'
breaks portable core/src/base/log.cpp 'void pause() { asm volatile("pause"); }' 'the core asks for an OS'
breaks portable core/src/base/log.cpp 'void pause() { __builtin_ia32_pause(); }' 'the core asks for an OS'
# shellcheck disable=SC2016  # the ${…} is CMake's
breaks portable core/CMakeLists.txt 'if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")' 'CMakeLists.txt:2: the core asks'

good_tree
rm "$tree/plugins/b/tls.S"
wants ports 2 'plugins/b:1: tls.S is missing'
good_tree
echo '// More.' >"$tree/plugins/b/extra.cpp"
wants ports 1 'the files differ from those of plugins/a: ./extra.cpp'
good_tree
rm "$tree/plugins/windows-c/procedure.S"
wants ports 1 'plugins/windows-c:1: procedure.S is missing'
good_tree
echo '// More.' >"$tree/plugins/b/procedure.S"
wants ports 1 'the files differ from those of plugins/a: ./procedure.S'

good_tree
printf '#include <vector>\n' >"$tree/core/src/sync/bare.cpp"
wants header_comment 1 'core/src/sync/bare.cpp:1'
good_tree
printf '#pragma once\n' >"$tree/core/src/base/log.hpp"
wants header_comment 1 'core/src/base/log.hpp:1'

good_tree
for _ in {1..499}; do echo; done >"$tree/core/src/base/log.cpp"
wants length 0
echo >>"$tree/core/src/base/log.cpp"
wants length 1 'core/src/base/log.cpp:500: the file has 500 lines'
breaks length dev "$(for _ in {1..500}; do echo '#'; done)" 'dev:501'

breaks leftovers core/src/base/log.cpp 'const char* home = "/home/me/x";' 'log.cpp:2: this is a path of one machine.'
breaks leftovers dev 'cd /root/x' 'this is a path of one machine.'
breaks leftovers docs/page.md 'TODO write' 'finish it'
breaks leftovers tests/unit/a.cpp 'TEST(A, B) { GTEST_SKIP(); }' 'a skipped test prints its reason'

echo "$cases trees, $failures judged wrongly."
((failures == 0))
