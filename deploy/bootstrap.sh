# What `npm run up`, `npm run down` and `npm test` begin with: brings a fresh Debian machine to where they can run.
# Installs what is missing and nothing else. $1: up, down or test; the rest goes to it.
set -eu
cd "$(dirname "$0")/.."
verb=$1
shift

# What a node and a server need; then what the tests need beside it.
packages="etcd-server etcd-client containerd runc containernetworking-plugins nftables iproute2 conntrack catatonit busybox-static docker-registry procps"
[ "$verb" = test ] && packages="$packages dnsutils dnsmasq-base dnsperf docker.io"

fail() {
  echo "dure: $*" >&2
  exit 1
}

install_packages() {
  missing=
  for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return
  [ "$(id -u)" = 0 ] || fail "root is needed to install$missing"
  command -v apt-get >/dev/null || fail "these packages are needed and apt-get is not here:$missing"
  echo "installing Debian packages:$missing"
  # The packages' own services are not wanted: hosts and tests start what they need.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  log=$(mktemp)
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 ||
    { cat "$log" >&2; fail "the packages could not be installed"; }
  rm -f "$log" /usr/sbin/policy-rc.d
  trap - EXIT
}

install_dependencies() {
  wanted=$(sha256sum package-lock.json | cut -d ' ' -f 1)
  [ "$(cat node_modules/.dure-lock 2>/dev/null)" = "$wanted" ] && return
  echo "installing npm dependencies"
  log=$(mktemp)
  # Not "npm ci": it insists that the lock file names the programs of every platform, which a registry may not all have.
  npm install --no-save --no-audit --no-fund >"$log" 2>&1 || { cat "$log" >&2; fail "npm install failed"; }
  rm -f "$log"
  echo "$wanted" >node_modules/.dure-lock
}

[ "$(id -u)" = 0 ] || fail "\"npm run $verb\" makes network namespaces and starts containers: run it as root"
install_packages
install_dependencies
# Root by "su" has no sbin: nft and sysctl are there.
PATH="$PWD/node_modules/.bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
case $verb in
  up | down) exec node dure.ts "$verb" "$@" ;;
  test) exec node test/run.ts all "$@" ;;
  *) fail "unknown verb $verb" ;;
esac
