# Shared by bin/run and bin/test: a virtual environment and system packages on a bare machine.
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
