#!/usr/bin/env bash
# The rules of the house that a compiler does not check: house.sh RULE [ROOT].
# Prints each fault as FILE:LINE: SENTENCE and exits with 1 if there is one, with 2 if it was called wrongly.
# self_test.sh feeds every rule a tree that breaks it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
readonly max_lines=500

# Prints the files under the given folders whose names end in one of $endings, sorted; folders that do not exist hold none.
files_in() {
  local folder
  for folder in "$@"; do
    if [[ -e $folder ]]; then
      find "$folder" -type f -regextype posix-extended -regex ".*($endings)" -print
    fi
  done | sort
}
readonly code='\.(cpp|hpp|c|h|S)'
readonly scripts='\.(sh|awk|cmake)|/CMakeLists\.txt|^CMakeLists\.txt|^dev'
endings=$code

# Which room includes what: rooms.txt.
rule_layering() {
  local -a files
  mapfile -t files < <(files_in core plugins)
  ((${#files[@]} == 0)) || awk -f "$here/layering.awk" "$here/rooms.txt" "${files[@]}"
}

# The core asks neither the preprocessor nor CMake which OS or processor it is built for, and holds nothing that only one has.
rule_portable() {
  local macros='_WIN32|_WIN64|WIN32|WINNT|_WIN32_WINNT|__CYGWIN__|__MINGW[0-9A-Z_]*|__linux(__)?|__gnu_linux__|__unix(__)?|__APPLE__|__MACH__'
  macros+='|__FreeBSD__|__NetBSD__|__OpenBSD__|__ANDROID__|__x86_64(__)?|__amd64(__)?|__i[3-6]86(__)?|__aarch64__|__arm(__)?|__ARM_[A-Z0-9_]*'
  macros+='|__riscv[a-z_]*|__powerpc[0-9]*__|__s390x?__|__mips[a-z0-9_]*|__LP64__|__ILP32__|_M_(X64|AMD64|IX86|ARM|ARM64)|__SSE[0-9_]*__|__AVX[A-Z0-9_]*__'
  local machine='__asm(__)?|asm|__builtin_ia32_[a-z0-9_]*|_mm_[a-z0-9_]*|BOOST_(OS|ARCH)_[A-Z0-9_]*'
  local cmake='CMAKE_(HOST_)?SYSTEM_(NAME|PROCESSOR)|CMAKE_SIZEOF_VOID_P|UNIX|APPLE|MINGW|MSVC|LINUX'
  files_in core | grep -vx 'core/include/heddle/port/abi\.h' | search "(^|[^A-Za-z0-9_])($macros|$machine)([^A-Za-z0-9_]|\$)" \
    'the core asks for an OS or a processor here; that belongs into a port.'
  endings=$scripts files_in core | search "(^|[^A-Za-z0-9_])($macros|$cmake)([^A-Za-z0-9_]|\$)" \
    'the core asks for an OS or a processor here; that belongs into a port.'
}

# Every port holds the same files, so that whoever knows one finds his way in all. Those of a system that offers more have more.
rule_ports() {
  local -A of_system=([windows]='procedure.S')
  local -a ports
  mapfile -t ports < <(find plugins -mindepth 1 -maxdepth 1 -type d ! -name common ! -name template ! -name split_stack 2>/dev/null | sort)
  local port name more wanted
  local -a required=(README.md call.S context.S frame.h machine.h port.cpp preempt.S tls.S vdso.S)
  for port in "${ports[@]}"; do
    more=$(basename "$port")
    more=${of_system[${more%%-*}]-}
    for name in "${required[@]}" $more; do
      [[ -f $port/$name ]] || echo "$port:1: $name is missing; every port has it."
    done
    if [[ $port == "${ports[0]}" ]]; then
      wanted=$(list "$port" "$more")
    elif [[ $(list "$port" "$more") != "$wanted" ]]; then
      echo "$port:1: the files differ from those of ${ports[0]}: $(comm -3 <(echo "$wanted") <(list "$port" "$more") | xargs)."
    fi
  done
}
# list PORT FILE: its files without that one.
list() { (cd "$1" && find . -type f ! -name "$2" | sort); }

# A file says at its top why it exists; a .cpp may leave that to the header of the same name, beside it or public.
rule_header_comment() {
  local file
  files_in core plugins | while read -r file; do
    [[ $file == *.cpp && (-f ${file%.cpp}.hpp || -f core/include/heddle/$(basename "$file" .cpp).hpp) ]] && continue
    head -n 1 "$file" | grep -qE '^((//|/\*) ?|# )[A-Za-z]' ||
      echo "$file:1: the file does not begin with a comment that says why it exists."
  done
}

# One idea a file.
rule_length() {
  local file lines
  { files_in core plugins examples tests; endings=$scripts files_in core plugins examples tests cmake CMakeLists.txt dev; } |
    while read -r file; do
      lines=$(wc -l <"$file")
      ((lines < max_lines)) || echo "$file:$lines: the file has $lines lines; split it, $max_lines is the limit."
    done
}

# No path of somebody's machine, nothing left for later, no test that skips itself without a word. This folder names what it forbids.
rule_leftovers() {
  local -a folders=(core plugins config cmake docs examples tests tools CMakeLists.txt CMakePresets.json README.md dev)
  local all
  all=$(endings='' files_in "${folders[@]}" | grep -v '^tests/house/' || true)
  search "(^|[[:space:]\"'(=:,])/(home|root|work|tmp|Users)/|[A-Za-z]:\\\\Users" 'this is a path of one machine.' <<<"$all"
  search '(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)' 'finish it, or write an issue.' <<<"$all"
  search 'GTEST_SKIP\(\)[[:space:]]*;' 'a skipped test prints its reason: GTEST_SKIP() << "…".' <<<"$all"
}

# Prints FILE:LINE: SENTENCE for each line that matches a pattern; the names of the files come on standard input.
search() {
  local pattern=$1 sentence=$2
  { grep -v '^$' || true; } | xargs -r -d '\n' grep -nHIE -- "$pattern" /dev/null | sed -E "s|^([^:]+:[0-9]+):(.*)|\\1: $sentence Found:\\2|" || true
}

main() {
  if (($# < 1)) || ! declare -F "rule_$1" >/dev/null; then
    echo "usage: house.sh RULE [ROOT]; rules: $(declare -F | sed -n 's/.* rule_//p' | xargs)" >&2
    exit 2
  fi
  cd "${2:-$here/../..}"
  local faults
  faults=$("rule_$1")
  [[ -z $faults ]] && return 0
  printf '%s\n' "$faults"
  exit 1
}

main "$@"
