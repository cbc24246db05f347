#!/usr/bin/env bash
# Runs a fuzz target a counted number of times: fuzz.sh PROGRAM RUNS WORK_FOLDER. The corpus is corpus/NAME, the words NAME.dict,
# where NAME is PROGRAM's without _fuzz. RUNS is scaled by HEDDLE_STRESS_SCALE. The fuzzer prints its seed and, for a fault, the input.
set -euo pipefail

if (($# != 3)); then
  echo "usage: fuzz.sh PROGRAM RUNS WORK_FOLDER" >&2
  exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=$(basename "$1" _fuzz)
runs=$(awk -v runs="$2" -v scale="${HEDDLE_STRESS_SCALE:-1}" 'BEGIN { printf "%d", runs * scale + 1 }')

# The fuzzer writes into its first folder what reaches new code: an empty one each time, so that a run depends on its seed alone.
found=$3/$name-found
rm -rf "$found"
mkdir -p "$found"
exec "$1" -runs="$runs" -max_len=4096 -timeout=10 -rss_limit_mb=1024 -dict="$here/$name.dict" -artifact_prefix="$3/" \
  "$found" "$here/corpus/$name"
