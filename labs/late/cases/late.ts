/** The answers come after the application has said "down", and meet what its policy has left. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { type Claims, says, took } from '../../../src/lab/claims.ts'
import { beginsAnew, lateMeetsRst, toldOfClose } from '../closed.ts'
import { type LateSettings, policies } from '../conditions.ts'
import { type Conversation, conversing } from '../conversation.ts'
import { beliefWords, countsAsDown, doubts, forgiven, lostForGood, noticesNothing } from '../flag.ts'
import { attempts, heldAck, orphanWaits, staysEstablished, tcpDoubts } from '../kernels.ts'
import { holdBack } from '../stall.ts'

export const late: CaseOf<LateSettings> = {
  id: 'late',
  promise: 'they come after the application has said down',
  middle: 'cable',

  act: (rig, pair, settings) => holdBack(rig, pair, settings, { stall: 'late', policies }),

  rows: {
    forgive: conversing((talk) => [
      ...tcpDoubts(talk),
      doubts(talk, talk.client, 'suspect'),
      otherEnd(talk),
      doubts(talk, talk.client, 'down'),
      staysEstablished(talk),
      heldAck(talk),
      forgiven(talk),
      countsAsDown(talk),
      attempts(talk, 0, 'no SYN: it is the same connection, before and after'),
    ]),

    close: conversing((talk) => [
      doubts(talk, talk.client, 'suspect'),
      doubts(talk, talk.client, 'down'),
      ...closed(talk),
      attempts(talk, 0, 'no SYN ever appears by itself, with or without a late answer'),
      lostForGood(talk),
    ]),

    reconnect: conversing((talk) => [
      doubts(talk, talk.client, 'suspect'),
      doubts(talk, talk.client, 'down'),
      ...closed(talk),
      attempts(talk, 1, 'one SYN, and it is the program that asked for it: another port, another connection'),
      connectedAgain(talk),
      beginsAnew(talk),
    ]),
  },
}

/** The server hears nothing new, since the client's TCP waits; a relay's kernel acknowledges, and there TCP does not. */
function otherEnd(talk: Conversation) {
  if (talk.isRelayed) {
    return noticesNothing(talk, 'other-end', talk.server, {
      claim: 'the other end does not notice that it is doubted',
      formula: 'nothing until the end of the case',
    })
  }
  return doubts(talk, talk.server, 'suspect', {
    what: 'other-end',
    claim:
      'the other end doubts too, though its own way is open: nothing new comes from a TCP that is waiting',
  })
}

function closed(talk: Conversation): Claims {
  const orphan = orphanWaits(
    talk,
    'FIN-WAIT-1',
    'the program has closed; its kernel still knows the connection, and is waiting for acknowledgements',
  )
  if (talk.isRelayed) return [orphan, ...closedBeforeRelay(talk)]
  return [
    orphan,
    lateMeetsRst(talk),
    toldOfClose(talk, talk.stall.to, {
      claim: 'the other end is not told before then: the mistake becomes the truth when the answers go on',
      formula: '0 .. slack after the answers go on: the FIN waits behind unacknowledged heartbeats',
    }),
  ]
}

/** The relay's leg to the client got the RST, and the relay says so. */
function closedBeforeRelay(talk: Conversation): Claims {
  const { cell, client, server, stall, since } = talk
  const over = server.first('relay:closed', { from: stall.to })
  return [
    says(
      cell,
      'late-meets-rst',
      ['ECONNRESET', 'EPIPE'].map((code) => `${code} from the client's side`),
      over?.data.because ?? '',
      {
        claim: 'what comes late is answered with RST, says the relay that brought it',
        formula: 'why the relay ended the connection',
        because: 'the RST went to the kernel of the relay, which the server never sees',
        source: 'RFC 9293 section 3.10.7.1; src/programs/relay/relay.ts',
        evidence: [over],
        short: 'RST',
      },
    ),
    toldOfClose(talk, client.first('tcp:destroyed', since)?.time, {
      claim: 'the other end is told at once: the relay passes the FIN on, and the mistake becomes the truth',
      formula: '0 .. slack after the client closed',
    }),
  ]
}

/** The answer to its SYN takes the same way as every other answer. */
function connectedAgain({ cell, client, anew, stall, since, isRelayed }: Conversation) {
  const down = client.became('down', since)
  const readyAt = Math.max(stall.to, down?.time ?? stall.to)
  const waitsMs = isRelayed || down === undefined ? 0 : readyAt - down.time
  return took(cell, 'price', { minMs: waitsMs, maxMs: waitsMs }, down, anew?.first('tcp:connected'), {
    claim: isRelayed
      ? 'the new connection ends at the relay, which answers at once'
      : 'the price of the mistake: its handshake waits on the same way as the answers',
    formula: isRelayed
      ? 'from "down" until connected: 0 .. slack (a kernel answers SYN)'
      : 'from "down" until the answers go on, + slack',
    because: `${anew === null ? 'no change of belief' : beliefWords(anew, since)} on the new connection`,
    source: 'RFC 9293 section 3.5',
    short: 'ANEW',
  })
}
