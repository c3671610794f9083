#!/usr/bin/env bash
# Install the programs that the project calls, where they are missing: system_packages.sh pipeline|tests
set -euo pipefail

missing=() wanted=()
command -v ffmpeg >/dev/null || missing+=(ffmpeg)
command -v tesseract >/dev/null || missing+=(tesseract-ocr)
"${PYTHON:-python3}" -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
# for the simulator's overlay
[ -e /usr/share/fonts/truetype/open-sans/OpenSans-Regular.ttf ] || wanted+=(fonts-open-sans)
# for the tests of pages and of `aurora watch`
if [ "${1:-tests}" = tests ]; then
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || wanted+=(chromium)
  command -v mosquitto >/dev/null || [ -x /usr/sbin/mosquitto ] || wanted+=(mosquitto)
fi
[ ${#missing[@]} -eq 0 ] && [ ${#wanted[@]} -eq 0 ] && exit 0

by_hand() {
  echo "Please install ${missing[*]} ${wanted[*]} (Debian's names; $1), then run make again." >&2
  [ ${#missing[@]} -eq 0 ] && exit 0
  exit 2
}
command -v apt-get >/dev/null || by_hand "this machine has no apt-get"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || by_hand "apt-get install, as root"
  as_root=(sudo)
fi
install() {
  echo "Installing $*"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}
"${as_root[@]}" apt-get update -qq
[ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
for package in "${wanted[@]}"; do
  install "$package" || echo "warning: $package is not to be had here; some tests need it" >&2
done
