#!/bin/sh
# Installs PocketCoder for the user who runs it: PREFIX/lib/pocketcoder, and PREFIX/bin/pocketcoder that leads there.
#   install.sh [--from ADDRESS-OR-DIRECTORY] [--prefix DIR]   PREFIX is ~/.local
#   install.sh --uninstall [--prefix DIR]                     what it knows (~/.pocketcoder) stays
# What is fetched is held against SHA256SUMS before anything is replaced.
set -eu

from='@RELEASES@'
version='@VERSION@'
prefix=$HOME/.local
uninstall=

die() { printf '%s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
  case $1 in
    --from) from=${2:?--from needs an address or a directory}; shift 2 ;;
    --prefix) prefix=${2:?--prefix needs a directory}; shift 2 ;;
    --uninstall) uninstall=1; shift ;;
    -h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit ;;
    *) die "What is $1? See --help." ;;
  esac
done

home=$prefix/lib/pocketcoder
link=$prefix/bin/pocketcoder
if [ -n "$uninstall" ]; then
  rm -rf "$home"
  rm -f "$link"
  echo "PocketCoder is removed from $prefix. What it knows is still in ${POCKETCODER_HOME:-$HOME/.pocketcoder}."
  exit
fi
[ -n "$from" ] || die 'Say where the release is: --from https://…, or --from DIRECTORY.'

case $(uname -s) in Linux) system=linux ;; Darwin) system=osx ;; *) die "There is no PocketCoder for $(uname -s); on Windows use install.ps1." ;; esac
case $(uname -m) in x86_64|amd64) machine=x64 ;; aarch64|arm64) machine=arm64 ;; *) die "There is no PocketCoder for $(uname -m)." ;; esac
name=pocketcoder-$version-$system-$machine

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

get() { # get FILE
  case $from in
    https://*|http://localhost[:/]*|http://127.0.0.1[:/]*)
      if command -v curl >/dev/null; then curl -fsSL --retry 3 -o "$work/$1" "$from/$1"
      elif command -v wget >/dev/null; then wget -q -O "$work/$1" "$from/$1"
      else die 'Neither curl nor wget is here: install one of them and try again.'; fi ;;
    *://*) die "$from is not an https address." ;;
    *) cp "$from/$1" "$work/$1" ;;
  esac || die "$1 could not be had from $from. Nothing was changed."
}

get SHA256SUMS
get "$name.tar.gz"
grep "  $name.tar.gz\$" "$work/SHA256SUMS" > "$work/sum" || die "SHA256SUMS does not name $name.tar.gz. Nothing was changed."
(cd "$work" && if command -v sha256sum >/dev/null; then sha256sum -c sum; else shasum -a 256 -c sum; fi) >/dev/null 2>&1 ||
  die "$name.tar.gz is not what SHA256SUMS says. Nothing was changed; try again, and if it stays so, tell whoever runs $from."
tar -xzf "$work/$name.tar.gz" -C "$work"

mkdir -p "$prefix/lib" "$prefix/bin"
# A daemon that runs goes on with the old file until it is restarted.
rm -rf "$home.new" "$home.old"
mv "$work/$name" "$home.new"
"$home.new/pocketcoder" --version >/dev/null || { rm -rf "$home.new"; die 'It does not start on this machine (see above). Nothing was changed.'; }
if [ -e "$home" ]; then mv "$home" "$home.old"; fi
mv "$home.new" "$home"
rm -rf "$home.old"
ln -sf ../lib/pocketcoder/pocketcoder "$link"

echo "PocketCoder $("$link" --version) is installed: $link"
case :$PATH: in *":$prefix/bin:"*) ;; *) echo "$prefix/bin is not on the PATH; add it in your shell's profile." ;; esac
echo 'Next: `pocketcoder up` in the project you want to work on. If a daemon is running: `pocketcoder stop` first.'
