/**
 * A telephone of ours, which bench/sip-inside.ts measures: `calls` answers, and has no media; `media` has them, answers,
 * and calls whom it is told to. On standard input, a line each: `call URI COUNT`, `hang-up`, `collect` (throw away what is
 * not needed any more). Each is answered by a line of JSON.
 */
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Emitter } from '../src/events/emit.ts'
import type { EventData } from '../src/events/vocabulary.ts'
import { openVoice } from '../src/programs/parts/phone-voice.ts'
import { startSipPhone } from '../src/programs/sip-phone.ts'
import { PORT } from '../src/protocols/sip/constants.ts'

/** What a telephone counted, of all its calls. */
export interface PhoneCounts {
  failed: number
  sent: number
  received: number
  lost: number
}

/** Of calls without media: discard (RFC 863), as nobody sends anything there. */
const NO_PORT = 9
/** Between two calls that are begun: their beats of 20 ms are spread as those of real callers. */
const CALL_EVERY_MS = 7

const [kind = '', address = ''] = process.argv.slice(2)
const counts: PhoneCounts = { failed: 0, sent: 0, received: 0, lost: 0 }

const emit: Emitter = (name, data) => {
  if (name === 'sip:call_failed') counts.failed += 1
  else if (name === 'media:stopped') {
    const { sent, received, lost } = data as EventData<'media:stopped'>
    counts.sent += sent
    counts.received += received
    counts.lost += lost
  }
}

const withoutMedia = async () => ({ port: NO_PORT, agreed() {}, async close() {} })
const phone = await startSipPhone(
  {
    mechanism: 'sip',
    user: 'bench',
    host: address,
    port: PORT,
    transport: 'udp',
    openMedia: kind === 'calls' ? withoutMedia : (group) => openVoice({ address, send: 'tone' }, group, emit),
  },
  emit,
)
const answer = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)
answer('ready')

for await (const line of createInterface(process.stdin)) {
  const [what = '', uri = '', count = '0'] = line.split(' ')
  if (what === 'hang-up') phone.hangUp()
  if (what === 'collect') gc?.()
  for (let left = Number(count); left > 0; left--) {
    await phone.call(uri)
    await delay(CALL_EVERY_MS)
  }
  const { heapUsed, external } = process.memoryUsage()
  answer({ ...counts, memory: heapUsed + external })
}
