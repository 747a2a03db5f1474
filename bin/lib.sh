# Shared by bin/run, bin/test and bin/bench: a virtual environment, system packages and a PostgreSQL
# of one's own on a bare machine.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# install_packages NAME… — Debian packages, where this account may install them.
install_packages() {
  command -v apt-get >/dev/null || return 1
  local as=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null || return 1
    as=(sudo -n)
  fi
  say "Installing system packages: $*"
  "${as[@]}" apt-get update -qq >/dev/null &&
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# The first Python of a version that the project runs on.
find_python() {
  local name
  for name in ${PYTHON:-python3 python3.11 python3.12 python3.13}; do
    if command -v "$name" >/dev/null &&
      "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
      command -v "$name"
      return 0
    fi
  done
  return 1
}

# can_make_venv PYTHON — Debian splits ensurepip off into python3-venv.
can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

make_venv() {
  local python
  python=$(find_python) || { install_packages python3 python3-venv && python=$(find_python); } ||
    fail "Python 3.11, 3.12 or 3.13 is needed. On Debian: apt-get install python3 python3-venv"
  can_make_venv "$python" || install_packages python3-venv || true
  can_make_venv "$python" ||
    fail "Python's venv module is missing. On Debian: apt-get install python3-venv"
  "$python" -m venv --clear .venv
}

# ensure_venv FILE — .venv holds what the requirements file lists; installs only after a change.
ensure_venv() {
  local file=$1 stamp wanted
  stamp=".venv/.installed-$1"
  [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || make_venv
  wanted=$(cat requirements.txt "$file" | sha256sum | cut -d' ' -f1)
  [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return 0
  say "Installing $file …"
  .venv/bin/python -m pip install --disable-pip-version-check -r "$file" \
    >.venv/install.log 2>&1 || { tail -n 30 .venv/install.log >&2; fail "Installing $file failed."; }
  printf '%s' "$wanted" >"$stamp"
  # The tests' list holds the product's: bin/run need not install again.
  cat requirements.txt requirements.txt | sha256sum | cut -d' ' -f1 >.venv/.installed-requirements.txt
}

# The newest complete PostgreSQL: Debian's folders first, then whatever is on the path.
postgresql_bin() {
  local found
  for found in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) \
    "$(dirname "$(command -v initdb || echo /nowhere/x)")"; do
    if [ -x "$found/initdb" ] && [ -x "$found/postgres" ] && [ -x "$found/pg_isready" ]; then
      echo "$found"
      return
    fi
  done
}

postgresql_process=

# start_postgresql FOLDER [OPTION …] — a server with its data in the folder, without a port; options
# go to postgres. Sets `postgresql_url`, which reaches it.
start_postgresql() {
  local bin as=() folder=$1 data=$1/pg
  shift
  bin=$(postgresql_bin)
  [ -n "$bin" ] || return 1
  mkdir "$data"
  if [ "$(id -u)" -eq 0 ]; then # initdb refuses root
    local account=nobody
    id postgres >/dev/null 2>&1 && account=postgres
    chown "$account" "$data"
    as=(setpriv "--reuid=$account" "--regid=$(id -g "$account")" --clear-groups)
  fi
  (cd "$data" && "${as[@]}" "$bin/initdb" -D "$data/data" -U kfq -A trust -E UTF8 --locale=C.UTF-8 \
    --no-sync >"$folder/initdb.log" 2>&1) || { cat "$folder/initdb.log" >&2; return 1; }
  # Nothing of it is kept, so nothing needs to reach the disk.
  (cd "$data" && exec "${as[@]}" setpriv --pdeathsig INT "$bin/postgres" -D "$data/data" -k "$data" \
    -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c shared_buffers=128MB -c max_connections=100 -c autovacuum=on "$@") >"$folder/pg.log" 2>&1 &
  postgresql_process=$!
  local i
  for i in $(seq 100); do
    "$bin/pg_isready" -q -h "$data" -U kfq -d postgres && break
    kill -0 "$postgresql_process" 2>/dev/null || break
    sleep 0.2
  done
  "$bin/pg_isready" -q -h "$data" -U kfq -d postgres || { cat "$folder/pg.log" >&2; return 1; }
  postgresql_url="postgres:///$data/postgres?user=kfq"
}

stop_postgresql() {
  [ -n "$postgresql_process" ] || return 0
  kill -QUIT "$postgresql_process" 2>/dev/null && wait "$postgresql_process" 2>/dev/null
}
