/** The program of b does not run for a while. Its kernel does, and acknowledges. */
import type { CaseOf } from '../../../src/lab/cases.ts'
import { AT_ONCE, type Claims, took } from '../../../src/lab/claims.ts'
import { beginsAnew, lateMeetsRst, toldOfClose } from '../closed.ts'
import { type LateSettings, policies } from '../conditions.ts'
import { type Conversation, conversing } from '../conversation.ts'
import { beliefWords, countsAsDown, doubts, forgiven, lostForGood, noticesNothing } from '../flag.ts'
import {
  answerWords,
  attempts,
  DELAYED_ACK_MAX_MS,
  firstAnswer,
  orphanWaits,
  staysEstablished,
} from '../kernels.ts'
import { carryOut, converse } from '../policies.ts'
import { phaseOf } from '../stall.ts'

export const frozen: CaseOf<LateSettings> = {
  id: 'frozen',
  promise: 'the program of b is late, its kernel is not',
  needs: ['signals'],

  async act(rig, pair, settings) {
    const { heartbeat, frozenMs } = settings
    const clients = await converse(rig, pair, policies, settings)
    await rig.sleep(phaseOf(rig) * heartbeat.intervalMs)

    const { sinceMs, undo } = await rig.strike('freeze', pair)
    const goOn = rig.sleep(sinceMs + frozenMs - performance.now()).then(() => {
      rig.mark(pair, 'resuming')
      return undo()
    })
    await carryOut(rig, pair, clients, settings, goOn)
    rig.endWatch('freeze', pair)
  },

  rows: {
    forgive: conversing((talk) => [
      ackIsOnTime(talk),
      doubts(talk, talk.client, 'suspect'),
      doubts(talk, talk.client, 'down'),
      staysEstablished(talk),
      forgiven(talk),
      countsAsDown(talk),
      attempts(talk, 0, 'no SYN: it is the same connection, before and after'),
      // It knows that it did not run, and doubts nobody.
      noticesNothing(talk, 'other-end', talk.server, {
        claim: 'the other end does not notice that it is doubted',
        formula: 'nothing until the end of the case',
      }),
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
      connectedAtOnce(talk),
      beginsAnew(talk),
      ...(talk.anew === null ? [] : [doubts(talk, talk.anew, 'suspect', { what: 'again-suspect' })]),
      acceptedLater(talk),
    ]),
  },
}

function ackIsOnTime(talk: Conversation) {
  const answered = firstAnswer(talk, ({ data }) => data.text?.startsWith('PING') === true)
  const expected = { minMs: 0, maxMs: DELAYED_ACK_MAX_MS }
  return took(talk.cell, 'ack', expected, ...answered, {
    claim: "TCP's acknowledgement is on time: the kernel gives it, while the program does not run",
    formula: `0 .. ${DELAYED_ACK_MAX_MS} ms (a delayed acknowledgement) + slack`,
    because: answerWords(talk, answered),
    source: 'RFC 9293 section 3.8.6.3; net/tcp.h, TCP_DELACK_MAX',
  })
}

function closed(talk: Conversation): Claims {
  return [
    orphanWaits(
      talk,
      'FIN-WAIT-2',
      'the program has closed, and the other kernel has acknowledged that; this one still waits for a FIN',
    ),
    lateMeetsRst(talk),
    toldOfClose(talk, talk.stall.to, {
      claim:
        'the other end is not told before then: the mistake becomes the truth when the program runs again',
      formula: '0 .. slack after it runs again',
    }),
  ]
}

function connectedAtOnce({ cell, client, anew, since }: Conversation) {
  return took(cell, 'price', AT_ONCE, client.became('down', since), anew?.first('tcp:connected'), {
    claim: 'the price of the mistake seems small: the new connection is up at once',
    formula: 'from "down" until connected: 0 .. slack (a kernel answers SYN)',
    because: `${anew === null ? 'no change of belief' : beliefWords(anew, since)} on the new connection`,
    source: 'RFC 9293 section 3.5',
    short: 'ANEW',
  })
}

function acceptedLater({ cell, server, anew, stall, since }: Conversation) {
  const connected = anew?.first('tcp:connected')
  const accepted = server.first('tcp:accepted', since)
  return took(cell, 'accepted', AT_ONCE, stall.to, accepted, {
    claim: 'connected does not mean that a program was asked: the program accepts when it runs again',
    formula: '0 .. slack after it runs again',
    because: `connected ${connected === undefined ? 'never' : `${Math.round(stall.to - connected.time)} ms before`}`,
    source: 'listen(2), the accept queue',
    evidence: [connected, accepted],
  })
}
