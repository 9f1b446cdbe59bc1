# shellcheck shell=bash
# What every finding begins with: a folder that is gone at the end, and ways to put packages into it. Nothing is
# installed on this machine, and nothing here needs root.

work=$(mktemp -d)

finish() {
  jobs -p | xargs -r kill 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

# npm_packages NAME@VERSION...: where a script in $work finds them.
npm_packages() {
  npm install --prefix "$work" --no-save --no-audit --no-fund --loglevel=error "$@" >/dev/null
  echo "npm: $*"
}

# node_release VERSION: that release of Node, first in PATH.
node_release() {
  local package
  package=node-$(node -p 'process.platform + "-" + process.arch')
  npm_packages "$package@$1"
  PATH=$work/node_modules/$package/bin:$PATH
}

# debian_program PROGRAM PACKAGE: the installed one, or else the package and what it needs, unpacked in $work.
debian_program() {
  if ! command -v "$1" >/dev/null; then
    (
      cd "$work" || exit
      apt-get install --simulate --no-install-recommends "$2" | awk '/^Inst/ { print $2 }' |
        xargs apt-get download -qq -o APT::Sandbox::User=root
      for archive in ./*.deb; do dpkg-deb --extract "$archive" debian; done
    )
    PATH=$work/debian/usr/bin:$work/debian/usr/sbin:$PATH
    LD_LIBRARY_PATH=$(echo "$work"/debian/usr/lib/*-linux-gnu)
    export LD_LIBRARY_PATH
  fi
}
