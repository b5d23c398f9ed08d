# Sourced by ./run and ./test: what both need of the machine, and how to say what is missing.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi
}

# install_package PACKAGE: with apt-get, where there is one and we may.
install_package() {
  command -v apt-get >/dev/null || return 1
  say "Installing $1 …"
  as_root apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "$1" >&2
}

need() { # need COMMAND PACKAGE WHAT
  command -v "$1" >/dev/null || install_package "$2" || die "$3 is missing. Install it (Debian: apt-get install $2) and try again."
}

need_tools() {
  command -v dotnet >/dev/null || die 'The .NET 10 SDK is missing. Install it: https://dotnet.microsoft.com/download'
  case $(dotnet --version) in 10.*) ;; *) die "The .NET 10 SDK is needed; this is $(dotnet --version)." ;; esac
  command -v node >/dev/null || die 'Node.js 20 or later is missing. Install it: https://nodejs.org'
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || die "Node.js 20 or later is needed; this is $(node --version)."
  need git git 'git'
  if [ "$(uname -s)" = Linux ]; then
    command -v clang >/dev/null || need gcc gcc 'A C compiler'
    # Native publishing links against zlib.
    [ -e /usr/include/zlib.h ] || install_package zlib1g-dev || die 'zlib is missing. Install it (Debian: apt-get install zlib1g-dev) and try again.'
    [ -n "$(static_sqlite)" ] || install_package libsqlite3-dev || say 'libsqlite3-dev is not there: SQLite lies beside the executable instead of in it.'
  fi
}

# npm 10 leaves out parts of the web build's tools; npm 11 can be had through it.
npm_cli() {
  if [ "$(npm --version | cut -d. -f1)" -ge 11 ]; then npm "$@"; else npx --yes npm@11 "$@"; fi
}

# npm_install DIR: the packages of its lock file, when they are not there already.
npm_install() {
  local stamp="$1/node_modules/.installed-lock"
  cmp -s "$1/package-lock.json" "$stamp" && return
  (cd "$1" && npm_cli ci --no-fund --no-audit >&2) && cp "$1/package-lock.json" "$stamp"
}

# Builds the web app, which the executable holds.
build_web() {
  npm_install "$root/web"
  (cd "$root/web" && npm run --silent build >&2)
}

# The version as git tells it: that of the tag we are on; after a tag, or without one, the next with how far and which commit. Without git: the next.
version() {
  local next described
  next=$(sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' "$root/Directory.Build.props")
  if described=$(git -C "$root" describe --exact-match --tags --match 'v[0-9]*' HEAD 2>/dev/null); then
    echo "${described#v}"
  elif described=$(git -C "$root" rev-parse --short=9 HEAD 2>/dev/null); then
    echo "$next-dev.$(git -C "$root" rev-list --count HEAD)+$described"
  else
    echo "$next-dev"
  fi
}

# The same sources give the same bytes, wherever they lie. Analyzers have their say where all is built, in ./test.
released=(-c Release -v quiet -p:RunAnalyzers=false -p:ContinuousIntegrationBuild=true -p:DebugType=none -p:GenerateDocumentationFile=false -p:PlatformTarget=AnyCPU)

# The static SQLite that the native executable takes in; nothing where there is none.
static_sqlite() {
  local file
  for file in /usr/lib/*-linux-gnu/libsqlite3.a /usr/lib64/libsqlite3.a; do
    if [ -e "$file" ]; then echo "-p:StaticSqlite=$file"; return; fi
  done
}

# Builds the executable: artifacts/pocketcoder, and SQLite beside it where it is not in it.
publish() {
  local published="$root/artifacts/publish/pocketcoder" sqlite
  sqlite=$(static_sqlite)
  rm -rf "$published"
  # shellcheck disable=SC2086 # one word or none
  dotnet publish "$root/src/Cli" "${released[@]}" --use-current-runtime -p:Version="$(version)" $sqlite -o "$published" >&2 || return
  if [ -n "$sqlite" ]; then rm -f "$published"/libe_sqlite3.*; fi
  rm -f "$root"/artifacts/libe_sqlite3.*
  # Renamed into place, so that a running one is not written over.
  for file in "$published"/pocketcoder "$published"/libe_sqlite3.*; do
    [ -e "$file" ] || continue
    cp "$file" "$root/artifacts/.${file##*/}.new"
    mv "$root/artifacts/.${file##*/}.new" "$root/artifacts/${file##*/}" || return
  done
}

# Anything newer than the executable among what it is made of?
stale() {
  [ ! -x "$root/artifacts/pocketcoder" ] || [ -n "$(find "$root/src" "$root/web" "$root"/Directory.* \
    \( -name node_modules -o -name dist -o -name bin -o -name obj \) -prune -o -type f -newer "$root/artifacts/pocketcoder" -print -quit)" ]
}

build() {
  need_tools
  build_web
  publish
}
