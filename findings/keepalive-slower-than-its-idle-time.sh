#!/usr/bin/env bash
# An idle connection with TCP_KEEPIDLE of one second is probed every 75 seconds
#
# One would guess: TCP_KEEPIDLE says how often a healthy idle connection is probed; TCP_KEEPINTVL matters only once a
#   probe was not answered. So lowering the idle time to 30 s keeps a NAT's entry of 60 s fresh.
# What happens: after any probe, answered or not, Linux sets its timer to the interval. A healthy connection is probed
#   every max(idle, interval): who lowers TCP_KEEPIDLE alone gets one probe in time, and then one every 75 s
#   (net.ipv4.tcp_keepalive_intvl). The entry of 60 s is lost.
# Seen with: Linux 6.18, socat 1.7.4.4 of Debian 12 (keepidle, keepintvl set the two options). Watched for 80 s instead of
#   13 s: 78, 20 and 2 probes.
# Source: net/ipv4/tcp_timer.c, tcp_keepalive_timer(). tcp(7) says "the time between individual keepalive probes" of
#   TCP_KEEPINTVL, and of the idle time only when probing starts.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program socat socat
uname -sr
socat -V | sed -n 2p

seconds=13
export seconds

# probes OPTIONS: how many keepalive probes an idle connection with these options sends in $seconds.
cat >"$work/probes" <<'SH'
ip link set lo up
socat TCP-LISTEN:7000,reuseaddr PIPE &
sleep 0.5
socat -u "TCP:127.0.0.1:7000,keepalive,$1" STDOUT &
sleep "$seconds"
# Two lines, names and numbers, of the kernel's counters for this network namespace.
awk '$1 == "TcpExt:" && !n { n = split($0, name); next } $1 == "TcpExt:" { split($0, value) }
  END { for (i = 1; i <= n; i++) if (name[i] == "TCPKeepAlive") print value[i] }' /proc/net/netstat
kill %1 %2
SH
probes() {
  exec unshare --user --map-root-user --net timeout 30 bash "$work/probes" "$1" >"$work/$1" 2>/dev/null
}

probes keepidle=1,keepintvl=1 &
probes keepidle=1,keepintvl=4 &
probes keepidle=1 &
wait
for options in keepidle=1,keepintvl=1 keepidle=1,keepintvl=4 keepidle=1; do
  echo "$options: $(cat "$work/$options") probes in $seconds s"
done

# expect OPTIONS LEAST MOST
expect() {
  local count
  count=$(cat "$work/$1")
  if ((count < $2 || count > $3)); then
    echo "$1: $2 to $3 probes were expected" >&2
    exit 1
  fi
}
expect keepidle=1,keepintvl=1 10 13
expect keepidle=1,keepintvl=4 3 4
expect keepidle=1 1 1
