#!/usr/bin/env bash
# sipp over TCP counts a call as failed that both ends have ended in order
#
# One would guess: a call whose BYE was answered is over. sipp's own scenarios call each other without a fault, over TCP
#   as over UDP, and both ends report the same.
# What happens: after its 200 to the BYE the callee's scenario waits four seconds, in case the BYE comes again; that is of
#   use over UDP, and done over TCP as well. When the caller, which is done, closes the connection in that time, the callee
#   counts a failed call and ends with status 1; the caller counts none, and ends with 0. It is one call, however many
#   were in those four seconds: of a hundred calls 99 succeeded, of a single one none.
# Seen with: sipp 3.6.1 of Debian 12
# Source: `sipp -sd uas` prints the scenario: the timewait after the last message. RFC 3261, 17.2.2: timer J, which waits
#   for the request to come again, is zero over reliable transports.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program ip iproute2
debian_program sipp sip-tester
{ sipp -v 2>&1 || true; } | grep -o 'SIPp v[0-9.]*'

# count FILE NAME: that counter of sipp's statistics, at its end.
count() {
  awk -F ';' -v name="$2(C)" 'NR == 1 { for (n = 1; n <= NF; n++) if ($n == name) column = n }
    { value = $column } END { print value }' "$1"
}

cat >"$work/call" <<'SH'
ip link set lo up
sipp -sn uas -i 127.0.0.1 -p 5070 -t "$1" -m "$2" -nostdin -timeout 25 -trace_stat -stf "$3/uas" >/dev/null 2>&1 &
sleep 1
callee=$! caller=0
sipp -sn uac -i 127.0.0.1 -p 5071 -t "$1" -m "$2" -r 50 -d 100 -nostdin -timeout 25 -trace_stat -stf "$3/uac" \
  127.0.0.1:5070 >/dev/null 2>&1 || caller=$?
wait "$callee" && echo "$caller 0" || echo "$caller $?"
SH

# calls TRANSPORT COUNT EXPECTED: caller's and callee's status; calls that each of them counts as failed.
calls() {
  local status seen
  status=$(cd "$work" && unshare --user --map-root-user --net timeout 50 bash "$work/call" "$1" "$2" "$work")
  seen="$status, failed $(count "$work/uac" FailedCall) $(count "$work/uas" FailedCall)"
  echo "$1, $2 calls: status of caller and callee $seen"
  [ "$seen" = "$3" ] || { echo "expected: $3"; exit 1; }
}
calls u1 100 '0 0, failed 0 0'
calls t1 1 '0 1, failed 0 1'
calls t1 100 '0 1, failed 0 1'
