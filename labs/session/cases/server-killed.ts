/** The server is killed in mid-conversation. It goes on with what it kept; it has never heard of the rest. */
import type { Pair } from '../../../src/hosts/host.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import type { Cell } from '../../../src/lab/cell.ts'
import { type Claims, counts, says } from '../../../src/lab/claims.ts'
import type { Rig } from '../../../src/rig/rig.ts'
import { announced, lives, once, PROTOCOL } from '../claims.ts'
import type { SessionSettings } from '../conditions.ts'
import { type Conversation, conversations } from '../conversation.ts'
import { oversAt, toServer } from '../messages.ts'

export const serverKept: CaseOf<SessionSettings> = {
  id: 'server-kept',
  promise: 'the server is killed, and started again with its store',

  async act(rig, pair, settings) {
    const all = conversations(rig, pair, settings, { isServerKept: true })
    await killInMidConversation(rig, pair, settings, all)
    await Promise.all(all.map((it) => it.end()))
    rig.endWatch('kill', pair, pair.b)
  },

  rows: {
    tcp: (cell) => [...kept(cell), ...lives(cell, 2)],
    udp: (cell) => [...kept(cell), ...lives(cell, 2)],
  },
}

export const serverAnew: CaseOf<SessionSettings> = {
  id: 'server-anew',
  promise: 'the server is killed, and started again without its store',

  async act(rig, pair, settings) {
    const all = conversations(rig, pair, settings)
    await killInMidConversation(rig, pair, settings, all)
    await Promise.all(all.map((it) => it.untilOver(pair.a)))
    rig.endWatch('kill', pair, pair.b)
  },

  rows: { tcp: refused, udp: refused },
}

/** It is back, where its clients know it, and they have said all that they had to say. */
async function killInMidConversation(
  rig: Rig,
  pair: Pair,
  { messages, before }: SessionSettings,
  all: readonly Conversation[],
): Promise<void> {
  const talking = all.map(async (it) => {
    await it.begin()
    await it.say(1, messages)
  })
  await Promise.all(all.map((it) => it.untilAcknowledged(before)))
  await rig.strike('kill', pair, pair.b)
  await Promise.all(all.map((it) => it.untilDetached(pair.a)))
  await rig.restart(pair, pair.b)
  await Promise.all(all.map((it) => it.serve()))
  await Promise.all(talking)
}

/** ACK means: kept. So nothing that was acknowledged may be missing from what the new process found. */
function kept(cell: Cell): Claims {
  const { strike } = cell
  if (strike === undefined) return []
  const acknowledged = cell.a.all('session:message_acknowledged', { to: strike.at })
  const loaded = cell.b.first('session:loaded')
  const [least, most] = [acknowledged.length, toServer(cell).said.length]
  return [
    counts(cell, 'kept', { min: Math.max(1, least), max: most }, loaded?.data.received, 'messages', {
      claim: 'the server that was started again finds at least all that it had acknowledged before the kill',
      formula: `acknowledged before the kill .. said = ${least} .. ${most}`,
      because: 'it keeps a message and the count in one step, and acknowledges after it',
      source: PROTOCOL,
      evidence: [acknowledged.at(-1), loaded],
    }),
  ]
}

function refused(cell: Cell<SessionSettings>): Claims {
  const [over] = oversAt(cell, 'a')
  const words = over === undefined ? '' : `${over.data.because}, ${over.data.certainty}`
  return [
    once(cell),
    says(cell, 'told', 'unknown-session, definite', words, {
      claim:
        'the server that was started again has no such session, and says so; the client knows it for certain',
      formula: 'REFUSED unknown-session',
      because: 'the session lived in the memory of a process',
      source: PROTOCOL,
      evidence: [over],
    }),
    announced(cell),
  ]
}
