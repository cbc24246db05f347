#!/usr/bin/env bash
# guest.sh PORT ROOT BUILD PROGRAM…: boots Debian's kernel for that port's machine under qemu-system and runs test programs in it.
#
# What qemu-user cannot show is real there: the kernel's vDSO and its own signal frames, seccomp, timers that interrupt between
# any two instructions. BUILD is the build tree with the programs, at the same path in the guest; ROOT is the folder of root.sh
# with the packages kernel and busybox-static. A PROGRAM is a command line, relative to BUILD. The guest's whole memory is its
# root, made here; its exit status says nothing, so each program's is read from the console.
# The exit status is 0 when all ended with 0. A last line counts them; GoogleTest's own lines come before it.
set -euo pipefail

readonly port=$1 root=$2 build=$3
shift 3
case $port in
  linux-arm64) machine=(qemu-system-aarch64 -cpu "max,pauth-impdef=on") triplet=aarch64-linux-gnu ;;
  linux-arm) machine=(qemu-system-arm -cpu cortex-a15) triplet=arm-linux-gnueabihf ;;
  *) echo "guest.sh: no machine is known for $port" >&2 && exit 2 ;;
esac
command -v "${machine[0]}" >/dev/null || { echo "skipped: ${machine[0]} is not installed (Debian: qemu-system-arm)" && exit 0; }
[[ -e $root/boot/vmlinuz ]] || { echo "skipped: no kernel in $root; ./dev test --stress --port $port fetches it" && exit 0; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
guest=$scratch/guest
mkdir -p "$guest"/{bin,proc,sys,dev,tmp,lib/"$triplet"} "$guest$build"
cp "$root/bin/busybox" "$guest/bin/"
cp -P "$root"/lib/ld-linux* "$guest/lib/"
cp -P "$root"/{lib,usr/lib}/"$triplet"/*.so* "$guest/lib/$triplet/"
(cd "$build" && find . -path ./googletest -prune -o -path '*/CMakeFiles' -prune -o \( -type f -o -type l \) \
  \( -name '*.so*' -o -name '*.json' -o -path './bin/*' -o -path './tests/*' -executable \) -print |
  cpio --quiet -pdm "$guest$build")
for program in "$@"; do printf '%s\n' "$program"; done >"$guest/programs"

cat >"$guest/init" <<INIT
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp HEDDLE_TICK_MICROSECONDS=500 HEDDLE_TIME_LIMIT_SCALE=6 HEDDLE_STRESS_SCALE=${HEDDLE_STRESS_SCALE:-1}
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs tmpfs /tmp
ip link set lo up
cd "$build"
while read -r program; do
  echo "guest: runs \$program"
  sh -c "exec \$program" </dev/null 2>&1
  echo "guest: status \$? of \$program"
done </programs
poweroff -f
INIT
chmod +x "$guest/init"
(cd "$guest" && find . | cpio --quiet -o -H newc | gzip -1) >"$scratch/initrd"

timeout 840 "${machine[@]}" -M virt -smp 2 -m 1024 -accel tcg,thread=multi -nographic -no-reboot -nic none \
  -kernel "$root/boot/vmlinuz" -initrd "$scratch/initrd" -append 'console=ttyAMA0 quiet panic=-1' </dev/null |
  tr -d '\r' | tee "$scratch/console" || true
passed=$(grep -c '^guest: status 0 of ' "$scratch/console" || true)
echo "guest: $passed of $# programs passed"
((passed == $#))
