#!/usr/bin/env bash
# root.sh PORT FOLDER [PACKAGE…]: a root folder for another machine, made of Debian's packages for it.
#
# The packages are fetched with apt's own settings but with lists and a cache of their own, from the release alone, and
# unpacked, not installed: neither the system's packages nor its list of architectures is touched, no right is needed, and a
# mirror whose updates for that machine lag behind does not matter. Without PACKAGEs: what Heddle is built against and runs with.
# The PACKAGE `kernel` is the release's kernel for that machine, of which the image alone is unpacked, as boot/vmlinuz.
# The PACKAGE `wine` is Wine for that machine's programs, with what it takes to run those that open no window.
set -euo pipefail

readonly port=$1 folder=$2
shift 2
case $port in
  linux-arm64) architecture=arm64 kernel=linux-image-arm64 ;;
  linux-arm) architecture=armhf kernel=linux-image-armmp ;;
  windows-amd64) architecture=amd64 triplet=x86_64-w64-mingw32 wine=(wine64 libunwind8) ;;
  windows-386) architecture=i386 triplet=i686-w64-mingw32 wine=(wine32 libc6 libgcc-s1 zlib1g) ;;
  *) echo "root.sh: there is no Debian for $port" >&2 && exit 2 ;;
esac
packages=("$@")
if ((${#packages[@]} == 0)) && [[ $port == windows-* ]]; then
  packages=(libgcrypt-mingw-w64-dev libgpg-error-mingw-w64-dev libz-mingw-w64-dev libfmt9 libfmt-dev nlohmann-json3-dev
    libcli11-dev)
elif ((${#packages[@]} == 0)); then
  packages=(libc6 libgcc-s1 libstdc++6 libgcrypt20 libgcrypt20-dev libgpg-error0 libgpg-error-dev zlib1g zlib1g-dev libfmt9
    libfmt-dev libsqlite3-0 libsqlite3-dev nlohmann-json3-dev libcli11-dev)
fi

# What is there already is not fetched again: a stamp names the packages that were unpacked.
readonly stamp=$folder/.packages
wanted=()
for package in "${packages[@]}"; do
  grep -qx "$package" "$stamp" 2>/dev/null || wanted+=("$package")
done
((${#wanted[@]} > 0)) || exit 0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$folder" "$scratch"/{lists/partial,cache/archives/partial,debs}
touch "$scratch/status"

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[[ ! -e $keyring ]] || signed="signed-by=$keyring"
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Identifier: Packages' |
  awk -v options="arch=$architecture ${signed-}" \
    '$2 !~ /-(updates|security|backports)/ && $3 == "main" { print "deb [" options "] " $1 " " $2 " main" }' |
  sort -u >"$scratch/sources.list"
if [[ ! -s $scratch/sources.list ]]; then
  echo 'root.sh: apt knows no Debian release (wanted a "deb" or "Types: deb" entry with component main in its sources)' >&2
  exit 1
fi

private() {
  "$1" -q -o Dir::Etc::SourceList="$scratch/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State::Lists="$scratch/lists" -o Dir::State::Status="$scratch/status" -o Dir::Cache="$scratch/cache" \
    -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o APT::Sandbox::User=root \
    -o Acquire::Languages=none -o Acquire::Retries=3 "${@:2}"
}
private apt-get update
for package in "${wanted[@]}"; do
  if [[ $package == kernel ]]; then
    # The package of that name is empty and depends on the one of the release's version.
    private apt-cache depends "$kernel" | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p'
  elif [[ $package == wine ]]; then
    # Not what its packages depend on for sound, pictures and devices; Wine looks for that when it is used. But with FreeType
    # it calls Fontconfig without looking, and without FreeType it complains on standard error.
    printf '%s\n' "${wine[@]}" libwine libz-mingw-w64 libfreetype6 libpng16-16 libbrotli1 libfontconfig1 libexpat1
  else
    echo "$package"
  fi
done >"$scratch/names"
mapfile -t names <"$scratch/names"
(cd "$scratch/debs" && private apt-get download "${names[@]}")
for package in "$scratch"/debs/*.deb; do
  if [[ $package == */linux-image-* ]]; then
    mkdir -p "$folder/boot"
    dpkg-deb --fsys-tarfile "$package" | tar -x -O --wildcards './boot/vmlinuz-*' >"$folder/boot/vmlinuz"
  else
    dpkg-deb --extract "$package" "$folder"
  fi
done
for libraries in "$folder"/usr/lib/*/wine/*-windows; do
  [[ -d $libraries ]] || continue
  # What installing Wine would do: its own libraries need this one among them.
  ln -f "$folder/usr/${triplet:?}/lib/zlib1.dll" "$libraries/"
  # Direct3D and another compiler's runtime: a third of all.
  rm -f "$libraries"/{d3d,wined3d,xactengine,xaudio,x3daudio,msvc[pr][0-9]}*
done
# Links to absolute paths mean paths in the folder.
find "$folder" -type l -lname '/*' -print | while IFS= read -r link; do
  ln -sfrn "$folder$(readlink "$link")" "$link"
done
# Boost is headers, the same for every machine, and large.
mkdir -p "$folder/usr/include"
ln -sfn /usr/include/boost "$folder/usr/include/boost"
printf '%s\n' "${wanted[@]}" >>"$stamp"
