#!/usr/bin/env bash
# A pcapng file that Wireshark reads becomes unreadable when Wireshark's own tools copy it
#
# One would guess: editcap, mergecap and tshark -w either keep a packet's option or drop it. What they read without
#   complaint, they can read again after they have written it.
# What happens: a packet's verdict (epb_verdict, option 7: what a firewall decided) is read, and written back as option
#   6, which is the queue's number and has 4 bytes, not 9. No word, exit status 0. The copy is then "damaged or
#   corrupt" to all of them, from its first such packet on. The same file with a comment (option 1) is copied well.
# Seen with: editcap and tshark 4.0.17 of Debian 12
# Source: draft-ietf-opsawg-pcapng, 4.3 "Enhanced Packet Block": 6 epb_queue, 7 epb_verdict. In wiretap/pcapng.c,
#   write_wtap_epb_option() writes OPT_PKT_VERDICT under OPT_EPB_QUEUE.
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program tshark tshark
tshark --version 2>/dev/null | head -n 1

cat >"$work/write.mjs" <<'JS'
import { writeFileSync } from 'node:fs'

const u16 = (...values) => Buffer.from(Uint16Array.from(values).buffer)
const u32 = (...values) => Buffer.from(Uint32Array.from(values).buffer)
const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
const block = (type, ...parts) => {
  const body = Buffer.concat(parts)
  return Buffer.concat([u32(type, body.length + 12), body, u32(body.length + 12)])
}
const option = (code, value) => Buffer.concat([u16(code, value.length), padded(value)])

const section = block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1, 0), u32(0xffffffff, 0xffffffff))
const ethernet = block(1, u16(1, 0), u32(0))
const frame = Buffer.concat([Buffer.from('02000000000202000000000188b5', 'hex'), Buffer.alloc(46)])
const packet = (...options) => block(6, u32(0, 0, 0, frame.length, frame.length), frame, ...options, option(0, Buffer.alloc(0)))

const verdict = Buffer.concat([Buffer.from([1]), u32(0, 0)]) // type 1: of a Linux eBPF traffic control program; TC_ACT_OK
writeFileSync('comment.pcapng', Buffer.concat([section, ethernet, packet(option(1, Buffer.from('accepted')))]))
writeFileSync('verdict.pcapng', Buffer.concat([section, ethernet, packet(option(7, verdict))]))
JS
(cd "$work" && node write.mjs)

# read_packets FILE: how many packets tshark reads from it; what it says besides is kept beside the file.
read_packets() {
  tshark -r "$work/$1" 2>"$work/$1.words" | wc -l || true
}

for file in comment verdict; do
  editcap "$work/$file.pcapng" "$work/$file-copy.pcapng"
  seen="$(read_packets $file.pcapng) packet, its copy $(read_packets $file-copy.pcapng)"
  echo "$file.pcapng: $seen" | tee -a "$work/seen"
done
grep -A1 damaged "$work/verdict-copy.pcapng.words" | sed "s|$work/||; s/^/  /"

diff "$work/seen" - <<'SEEN'
comment.pcapng: 1 packet, its copy 1
verdict.pcapng: 1 packet, its copy 0
SEEN
grep -q 'queue option length 9 is not 4' "$work/verdict-copy.pcapng.words"
