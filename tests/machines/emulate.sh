#!/usr/bin/env bash
# emulate.sh PORT ROOT COMMAND…: runs COMMAND where programs for that port's machine run as if they were this machine's own.
#
# The kernel hands them to qemu-user (binfmt_misc), also those that a test starts itself. The registration is made in a user
# namespace of its own (Linux 6.7), so it ends with the command, concerns nobody else and needs no right. ROOT is the folder of
# root.sh, in which their loader and libraries lie.
set -euo pipefail

readonly port=$1 root=$2
shift 2
# The magic is the ELF header's first 20 bytes: class, byte order, type (executable or shared) and machine.
readonly mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
case $port in
  linux-arm64)
    emulator=qemu-aarch64
    magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
    ;;
  linux-arm)
    emulator=qemu-arm
    magic='\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00'
    ;;
  *) echo "emulate.sh: no emulator is known for $port" >&2 && exit 2 ;;
esac
emulator=$(command -v "$emulator") || { echo "emulate.sh: $emulator is missing (Debian: qemu-user)" >&2 && exit 1; }

export QEMU_LD_PREFIX=$root HEDDLE_TEST_EMULATOR=${emulator##*/} HEDDLE_TIME_LIMIT_SCALE=3
# shellcheck disable=SC2016  # expanded by the inner shell
exec unshare --user --map-root-user --mount -- bash -c '
  set -euo pipefail
  registration=$1
  shift
  if ! mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc; then
    echo "emulate.sh: this kernel has no binfmt_misc for user namespaces (Linux 6.7 has)" >&2
    exit 1
  fi
  printf %s "$registration" >/proc/sys/fs/binfmt_misc/register
  # Not root for the tests, some of which are about what one may not do.
  exec unshare --user --map-user=1000 --map-group=1000 -- "$@"' emulate ":$port:M::$magic:$mask:$emulator:" "$@"
