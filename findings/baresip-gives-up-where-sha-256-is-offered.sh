#!/usr/bin/env bash
# baresip does not register where a server offers SHA-256 beside MD5
#
# One would guess: a server that likes SHA-256 better and takes MD5 as well sends a challenge for each, and a telephone
#   that knows only MD5 answers that one. So RFC 8760 has it, so that servers can move on without losing old telephones.
# What happens: baresip answers a challenge for MD5. Where one for SHA-256 stands beside it, before or after, it answers
#   neither: "Function not implemented". So a server that offers more loses it.
# Seen with: baresip 1.0.0 with libre of Debian 12
# Source: RFC 8760, 2.3 and 2.4: several challenges in the order of the server's preference, and the client takes the
#   topmost that it supports.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program ip iproute2
debian_program sipp sip-tester
debian_program baresip baresip-core
baresip -h 2>&1 | grep -om1 'baresip v[0-9.]*' || true

# registrar FILE ALGORITHM...: a scenario that asks for a proof, once, with a challenge for each.
registrar() {
  local file=$1 challenges='' algorithm
  shift
  for algorithm; do
    challenges+="WWW-Authenticate: Digest realm=\"here\", nonce=\"7c9e\", algorithm=$algorithm, qop=\"auth\""$'\n'
  done
  cat >"$file" <<XML
<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="asks for a proof">
  <recv request="REGISTER" />
  <send><![CDATA[
SIP/2.0 401 Unauthorized
[last_Via:]
[last_From:]
[last_To:];tag=1
[last_Call-ID:]
[last_CSeq:]
${challenges}Content-Length: 0

]]></send>
  <recv request="REGISTER" timeout="4000" />
</scenario>
XML
}

mkdir "$work/phone"
cat >"$work/phone/config" <<CONFIG
sip_listen 10.0.0.1:5062
module_path $(find "$work" /usr/lib -path '*/baresip/modules' -print -quit 2>/dev/null || true)
module g711.so
module_tmp account.so
module_app menu.so
CONFIG
echo '<sip:bob@10.0.0.1:5060>;regint=60;auth_user=bob;auth_pass=secret' >"$work/phone/accounts"
: >"$work/phone/contacts"

cat >"$work/try" <<'SH'
ip link set lo up
ip link add eth0 type veth peer name other
ip address add 10.0.0.1/24 dev eth0
ip link set eth0 up
ip link set other up
sipp -sf "$1/scenario.xml" -i 10.0.0.1 -p 5060 -m 1 -nostdin -timeout 12 -trace_msg -message_file "$1/messages" \
  >/dev/null 2>&1 &
sleep 0.5
# At its end it would wait for somebody to let it go.
timeout -s KILL 3 baresip -f "$1/phone" >"$1/said" 2>&1 </dev/null || true
kill %1 && wait || true
SH

# offered EXPECTED ALGORITHM...: whether it answers any of the challenges, or what it says instead.
offered() {
  local expected=$1 seen
  shift
  registrar "$work/scenario.xml" "$@"
  rm -f "$work/messages"
  unshare --user --map-root-user --net timeout 30 bash "$work/try" "$work" 2>/dev/null
  grep -q 'WWW-Authenticate: Digest' "$work/messages"
  if grep -q '^Authorization: Digest' "$work/messages"; then seen='a proof'
  else seen=$(grep -aoE 'Register: [A-Za-z ]+' "$work/said" | head -1)
  fi
  echo "offered $*: $seen"
  [ "$seen" = "$expected" ] || { echo "expected: $expected"; exit 1; }
}
offered 'a proof' MD5
offered 'Register: Function not implemented' SHA-256 MD5
offered 'Register: Function not implemented' MD5 SHA-256
