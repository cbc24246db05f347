#!/usr/bin/env bash
# emulate.sh PORT ROOT COMMAND…: runs COMMAND where programs for that port's machine run as if they were this machine's own.
#
# The kernel hands them to qemu-user or to Wine (binfmt_misc), also those that a test starts itself. The registration is made in
# a user namespace of its own (Linux 6.7), so it ends with the command, concerns nobody else and needs no right. ROOT is the
# folder of root.sh, in which their loader and libraries lie; for Windows also Wine (its package `wine`).
#
# Wine works only where it was built to lie, in /usr: it starts itself again by paths that it knows. So ROOT's folders are laid over
# this machine's, in a mount namespace. The machine needs neither Wine nor the libraries of a 32-bit Linux, and has no say in what
# they are.
# A Windows program sees a prefix, the folder with its registry and drive C. ROOT/prefix is made once and never changed: a run
# sees it through an overlay whose upper half is in memory. So every run starts from the same state, and beside another, with a
# wineserver of its own. That one stays for the whole run, since starting it takes longer than most tests.
set -euo pipefail

root=$(realpath -- "$2")
readonly port=$1 root
fail() {
  echo "emulate.sh: $*" >&2
  exit 1
}

# For the kernel: a program's first bytes. Of ELF 20: class, byte order, type (executable or shared) and machine.
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
case $port in
  linux-arm64)
    emulator=qemu-aarch64
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    ;;
  linux-arm)
    emulator=qemu-arm
    magic='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00'
    ;;
  windows-amd64) wine=/usr/lib/wine/wine64 server=/usr/lib/wine/wineserver64 arch=win64 triplet=x86_64-w64-mingw32 ;;
  windows-386) wine=/usr/lib/wine/wine server=/usr/lib/wine/wineserver32 arch=win32 triplet=i686-w64-mingw32 ;;
  *) echo "emulate.sh: no emulator is known for $port" >&2 && exit 2 ;;
esac
if [[ $port == windows-* ]]; then
  emulator=$wine magic=MZ mask=''
else
  emulator=$(command -v "$emulator") || fail "$emulator is missing (Debian: qemu-user)"
fi

set_wine_environment() {
  # No window, no entry in a desktop's menu, no debugger for a program that crashes, no .NET and no browser, which Wine would ask
  # for. HOME gets folders like Documents.
  unset DISPLAY WAYLAND_DISPLAY
  export WINEDEBUG=${WINEDEBUG--all} WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe,winedbg.exe=' WINEARCH=$arch WINELOADER=$wine
  export HOME=$root/run USER=heddle FONTCONFIG_FILE=$root/run/fonts.conf
  # Where Debian keeps the compiler's libraries and those that Heddle is linked with.
  local folder
  WINEPATH=''
  for folder in /usr/lib/gcc/"$triplet"/*-posix /usr/"$triplet"/lib "$root/usr/$triplet"/{bin,lib}; do
    WINEPATH+="${WINEPATH:+;}Z:${folder//\//\\}"
  done
  export WINEPATH
}

# By a run of its own, which starts Wine in a folder that is empty yet.
make_prefix() {
  local fresh
  fresh=$(mktemp -d "$root/prefix.XXXXXX")
  if ! HEDDLE_EMULATE_PREFIX=$fresh timeout 300 "$0" "$port" "$root" true || [[ ! -e $fresh/drive_c/windows/system32/kernel32.dll ]]; then
    rm -rf "$fresh"
    fail 'Wine made no prefix'
  fi
  # Another run may have been first.
  mv -T "$fresh" "$root/prefix" 2>/dev/null || rm -rf "$fresh"
}

mount_wine() {
  cd "$root"
  mount -t overlay -o lowerdir=usr/lib:lib:/usr/lib overlay /usr/lib ||
    fail 'this kernel has no overlayfs for user namespaces (Linux 5.11 has)'
  mount -t overlay -o lowerdir=usr/share:/usr/share overlay /usr/share
  mount -t tmpfs tmpfs run
  echo '<fontconfig/>' >run/fonts.conf
  if [[ $WINEPREFIX == "$root/prefix" ]]; then
    mkdir run/.upper run/.work
    mount -t overlay -o userxattr,lowerdir=prefix,upperdir=run/.upper,workdir=run/.work overlay prefix
  fi
  cd "$OLDPWD"
}

# Nothing outlives the run. What was just starting when its server ended would wait for ever, and is found by its namespace.
end_wine() {
  local process
  "$server" -k -w || true
  for process in /proc/[0-9]*; do
    [[ $process == /proc/$$ || ! $process/ns/user -ef /proc/$$/ns/user ]] || kill -KILL "${process#/proc/}" 2>/dev/null || true
  done
}

# Wine's services are started by its first program and keep that one's output open, which ctest would wait for; so the first is one
# of ours. Should this script itself be killed, the server ends a minute after the last program.
run_with_wineserver() {
  "$server" -p60
  trap end_wine EXIT
  "$wine" wineboot --init >"$HOME/log" 2>&1 </dev/null || { cat "$HOME/log" >&2 && fail 'Wine does not start'; }
  "$@"
}

# The script calls itself for what is to be done inside the namespaces.
case ${HEDDLE_EMULATE_STAGE:-outside} in
  outside)
    export HEDDLE_TIME_LIMIT_SCALE=3 HEDDLE_TEST_EMULATOR=${emulator##*/}
    if [[ $port == linux-* ]]; then
      # It is about ten times slower: a quarter of the counts.
      export QEMU_LD_PREFIX=$root HEDDLE_STRESS_SCALE=${HEDDLE_STRESS_SCALE:-0.25}
      # A thread of the emulator may have the lock of GLib's own allocator while another one forks: the child would wait for ever. malloc
      # knows of forks.
      export G_SLICE=always-malloc
    else
      [[ -e $root$wine ]] || fail "there is no Wine in $root; root.sh fetches it, as the package \"wine\""
      HEDDLE_TEST_EMULATOR=wine
      mkdir -p "$root"/{lib,run}
      set_wine_environment
      export WINEPREFIX=${HEDDLE_EMULATE_PREFIX:-$root/prefix}
      [[ -e $WINEPREFIX ]] || make_prefix
    fi
    HEDDLE_EMULATE_STAGE=root exec unshare --user --map-root-user --mount -- "$0" "$@"
    ;;
  root)
    [[ $port == linux-* ]] || mount_wine
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc ||
      fail 'this kernel has no binfmt_misc for user namespaces (Linux 6.7 has)'
    printf %s ":$port:M::$magic:$mask:$emulator:" >/proc/sys/fs/binfmt_misc/register
    # Not root for the tests, some of which are about what one may not do.
    HEDDLE_EMULATE_STAGE=user exec unshare --user --map-user=1000 --map-group=1000 -- "$0" "$@"
    ;;
  user)
    unset HEDDLE_EMULATE_STAGE HEDDLE_EMULATE_PREFIX
    shift 2
    [[ $port == windows-* ]] || exec "$@"
    run_with_wineserver "$@"
    ;;
esac
