#!/usr/bin/env bash
# Makes a Debian image with this machine's CPython where none can be pulled: base-image.sh TAG (as root, with debootstrap)
# About two minutes. Packages come from where this machine has its own, and its certificate authorities go along.
set -euo pipefail
tag=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
prefix=$(python3 -c 'import sys; print(sys.base_prefix)')
version=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
. /etc/os-release
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ' || true)
packages=ca-certificates,libssl3,libffi8,libsqlite3-0,zlib1g,libbz2-1.0,liblzma5,libreadline8,libncursesw6,libuuid1,libexpat1,netbase,tzdata

debootstrap --variant=minbase --include="$packages" "$VERSION_CODENAME" "$root" ${mirror:+"$mirror"} >"$work/log" 2>&1 \
    || { tail -n 20 "$work/log" >&2; exit 1; }
tar -C "$prefix" --exclude='*/test' --exclude='*/__pycache__' --exclude='*.a' --exclude='lib/python*/site-packages/*' \
    -cf - "bin/python$version" include lib | tar -C "$root/usr/local" -xf -
ln -sf "python$version" "$root/usr/local/bin/python3"
ln -sf "python$version" "$root/usr/local/bin/python"
chroot "$root" /sbin/ldconfig
chroot "$root" /usr/local/bin/python3 -m ensurepip >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
ln -sf pip3 "$root/usr/local/bin/pip"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$root/etc/pip.conf"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/*
tar -C "$root" --exclude='./proc/*' --exclude='./sys/*' --exclude='./dev/*' -cf - . | docker import \
    -c 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' -c 'ENV LANG=C.UTF-8' \
    -c 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' -c 'CMD ["python3"]' - "$tag" >/dev/null
