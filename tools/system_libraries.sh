#!/bin/sh
# Installs (as root on Debian or Ubuntu) or names the system libraries that a napari window needs.
# usage: tools/system_libraries.sh [optional]     with "optional", missing libraries are named but are no error
set -u
[ "$(uname -s)" = Linux ] || exit 0
packages="xvfb xauth libgl1 libegl1 libgl1-mesa-dri libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0
libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libdbus-1-3 fonts-dejavu-core"
if ! command -v dpkg-query >/dev/null 2>&1; then
    command -v Xvfb >/dev/null 2>&1 && exit 0
    echo "This system is not Debian or Ubuntu; please install what corresponds to:" $packages >&2
    [ "${1:-}" = optional ] && exit 0
    exit 1
fi
missing=""
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ]; then
    echo "Installing system libraries:$missing"
    export DEBIAN_FRONTEND=noninteractive
    if apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
        exit 0
    fi
fi
echo "Missing system libraries; run: sudo apt-get install$missing" >&2
[ "${1:-}" = optional ]
