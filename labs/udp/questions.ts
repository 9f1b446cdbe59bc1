/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, seen } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import { LARGEST_BYTES, LINES, type UdpSettings } from './conditions.ts'

/** The questions about a run that is planned like this. */
export function questionsOf({ settings }: Plan<UdpSettings>): Question[] {
  return [
    noHost,
    nobody(settings),
    connect,
    threeWrites,
    goodbye(settings),
    pieces(settings),
    stopAndWait(settings),
    large,
    blackHole(settings),
  ]
}

const noHost = question({
  id: 'no-host',
  text: 'You send a UDP datagram to an address of your own network that no computer has. What does send() say, and what leaves your computer?',
  choices: [
    { id: 'error', text: 'send() fails: there is nobody to send to' },
    { id: 'lost', text: 'send() succeeds, the datagram leaves, and nobody picks it up' },
    { id: 'asked', text: 'send() succeeds, and the datagram never leaves' },
    { id: 'later', text: 'send() succeeds, and a moment later the program gets an error' },
  ],
  checks: ['no-host/udp/send', 'no-host/udp/told', 'no-host/udp/wire', 'no-host/udp/arp'],
  answer([send, told, wire, arp]) {
    const observed = `${words(send)}; on the wire ${words(wire)} of it, and ${words(arp)} for the address; the program was told ${words(told)}`
    if (!String(seen(send)).endsWith('0 refused')) return { choice: 'error', observed }
    if (seen(told) !== null) return { choice: 'later', observed }
    return { choice: seen(wire) === 0 ? 'asked' : 'lost', observed }
  },
  explanation:
    'send() hands the datagram to its own kernel and is done. The kernel asks the network for the MAC address (ARP), gets no answer, and throws the datagram away. It knows; nobody had asked to be told.',
})

const nobody = ({ silenceMs }: UdpSettings) =>
  question({
    id: 'nobody',
    text: `The computer is there, but no program listens on that UDP port. The sender has an ordinary socket. What does its program know ${duration(silenceMs, 0)} later?`,
    choices: [
      { id: 'nothing', text: 'nothing: no packet comes back' },
      { id: 'untold', text: 'nothing, although a packet came back that says so' },
      { id: 'refused', text: 'that the port is closed, just as with TCP' },
    ],
    checks: ['nobody/udp/told', 'nobody/udp-connected/told'],
    answer([plain, asked], _log, checks) {
      // Without captures only the other socket shows that such a packet comes.
      const icmp = checks.find(({ id }) => id === 'nobody/udp/icmp')?.observed.value ?? null
      const came = icmp === null ? 'packets are not captured here' : `ICMP "${icmp}" came back`
      const observed = `the program was told ${words(plain)}; ${came}; a socket that had called connect() was told after ${words(asked)}`
      if (seen(plain) !== null) return { choice: 'refused', observed }
      return { choice: icmp !== null || seen(asked) !== null ? 'untold' : 'nothing', observed }
    },
    explanation:
      'The kernel of the other host answers with ICMP "port unreachable", and it arrives. An ordinary UDP socket may send to anybody, so its kernel does not bother it. A socket that called connect() has one peer, and gets ECONNREFUSED, after send() had said ok.',
  })

/** Packets before the first byte, over UDP and over TCP. */
const BEFORE_FIRST_BYTE: Readonly<Record<string, string>> = {
  '3 3': 'three-both',
  '1 3': 'one-three',
  '0 3': 'none-three',
  '0 0': 'none-both',
}

const connect = question({
  id: 'connect',
  text: 'A program calls connect() on a socket and then sends a message. How many packets pass before the first byte of the message, on UDP and on TCP?',
  choices: [
    { id: 'three-both', text: 'three on both: connect() is the handshake' },
    { id: 'one-three', text: 'one on UDP to announce itself, three on TCP' },
    { id: 'none-three', text: 'none on UDP, three on TCP' },
    { id: 'none-both', text: 'none on both: a handshake takes place with the first message' },
  ],
  checks: [
    'first-byte/udp-connected/before',
    'first-byte/tcp/before',
    'first-byte/udp-connected/arrival',
    'first-byte/tcp/arrival',
  ],
  answer: ([onUdp, onTcp, udpArrival, tcpArrival]) => ({
    choice: BEFORE_FIRST_BYTE[`${seen(onUdp)} ${seen(onTcp)}`] ?? null,
    observed: `UDP: ${words(onUdp)}, the message arrived after ${words(udpArrival)}; TCP: ${words(onTcp)}, after ${words(tcpArrival)}`,
  }),
  explanation:
    'On UDP connect() is a note in its own kernel: the address to send to, and whose errors to report. On TCP it sends SYN and waits. So over UDP the first byte arrives after one way, and over TCP after three.',
})

/** What `reads` begins with. */
const HOW_MANY: Readonly<Record<number, string>> = { 1: 'one', [LINES.length]: 'three' }

const threeWrites = question({
  id: 'three-writes',
  text: `A program writes ${LINES.length} lines, one right after the other, while its peer is busy. How many does the peer read, over UDP and over TCP?`,
  choices: [
    { id: 'three-three', text: 'three and three: a write is a message' },
    { id: 'three-one', text: 'three over UDP, one piece over TCP' },
    { id: 'one-three', text: 'the last one over UDP, three over TCP' },
    { id: 'one-one', text: 'one piece over both: they wait in one buffer' },
  ],
  checks: ['messages/udp/reads', 'messages/tcp/reads'],
  answer([onUdp, onTcp]) {
    const observed = `UDP: ${words(onUdp)}; TCP: ${words(onTcp)}`
    const [udp, tcp] = [onUdp, onTcp].map((check) => HOW_MANY[Number.parseInt(String(seen(check)), 10)])
    return { choice: udp === undefined || tcp === undefined ? null : `${udp}-${tcp}`, observed }
  },
  explanation:
    'A datagram is a message and keeps its edges. TCP is a stream of bytes: where one write ended is not recorded anywhere. Programs that talk over TCP bring their own edges, such as a newline or a length.',
})

const goodbye = ({ silenceMs }: UdpSettings) =>
  question({
    id: 'goodbye',
    text: `A UDP client closes its socket and is gone. What does the server know of it ${duration(silenceMs, 0)} later?`,
    choices: [
      { id: 'told', text: 'that it has left: its kernel says goodbye, as with TCP' },
      { id: 'on-sending', text: 'nothing yet, but when it sends to the client, it gets an error' },
      { id: 'never', text: 'nothing, and it will not be told when it sends to the client either' },
    ],
    checks: ['goodbye/udp/server', 'goodbye/tcp/server'],
    answer([onUdp, onTcp]) {
      const value = String(seen(onUdp))
      const observed = `UDP: the server believes ${value}, also after it has written once more; TCP: FIN after ${words(onTcp)}`
      if (value === 'up, told nothing') return { choice: 'never', observed }
      return { choice: value.startsWith('up') ? 'on-sending' : 'told', observed }
    },
    explanation:
      "close() on a UDP socket sends nothing. What the server then sends is answered with ICMP, and that reaches no program: a server's socket is connected to nobody. A UDP server that wants to know needs heartbeats, or a goodbye of its own, which can be lost.",
  })

const pieces = ({ fragmentedBytes }: UdpSettings) =>
  question({
    id: 'pieces',
    text: `A cable loses 10 % of the frames. Datagrams of ${fragmentedBytes} bytes are cut into 4 fragments. How many of the datagrams are lost?`,
    choices: [
      { id: 'less', text: 'fewer than 10 %: four pieces are rarely lost together' },
      { id: 'same', text: '10 %: as many as frames' },
      { id: 'third', text: 'about a third: one missing piece is enough' },
      { id: 'none', text: 'none: a missing fragment is asked for again' },
    ],
    checks: ['loss/fragmented/share'],
    answer([lost]) {
      const observed = `${words(lost)} were lost, ${lost.short}`
      const share = Number.parseFloat(lost.short ?? '') / 100
      if (share === 0) return { choice: 'none', observed }
      if (share < 0.05) return { choice: 'less', observed }
      return { choice: share < 0.18 ? 'same' : 'third', observed }
    },
    explanation:
      'The receiving kernel waits for all pieces, and nobody sends a missing one again: with four pieces 1 - 0.9^4 = 34 %. That is why applications keep datagrams smaller than the MTU.',
  })

const stopAndWait = ({ messages }: UdpSettings) =>
  question({
    id: 'stop-and-wait',
    text: `Over the same cable, each message is numbered, acknowledged, and sent again when no acknowledgement comes in time. Of ${messages} messages, how many datagrams were sent?`,
    choices: [
      { id: 'exact', text: `${messages}: one for each message` },
      { id: 'some', text: 'some more: one for each loss, of a message or of an acknowledgement' },
      { id: 'double', text: `${2 * messages} and more: to be safe, each is sent twice` },
    ],
    checks: ['loss/stop-and-wait/cost', 'loss/stop-and-wait/delivered'],
    answer([cost, delivered]) {
      const observed = `${words(cost)} (${cost.formula}); arrived: ${seen(delivered)}`
      const sent = Number(seen(cost))
      if (sent === messages) return { choice: 'exact', observed }
      return { choice: sent < 2 * messages ? 'some' : 'double', observed }
    },
    explanation:
      'A lost message and a lost acknowledgement look the same to the sender, so either costs a timeout and a copy; the receiver knows the copy by its number. Everything arrives, at the price of a round trip for each message and a timeout for each loss. TCP does the same with many segments under way.',
  })

const large = question({
  id: 'large',
  text: `The network takes packets of 1500 bytes. What becomes of one datagram of ${LARGEST_BYTES} bytes?`,
  choices: [
    { id: 'refused', text: 'send() refuses it: too large for the network' },
    { id: 'many', text: 'it is cut, and arrives as many messages' },
    { id: 'one', text: 'it is cut, and arrives as one message' },
    { id: 'cut-off', text: 'only the first 1472 bytes arrive' },
  ],
  checks: ['sizes/udp/largest', 'sizes/udp/whole'],
  answer([packets, whole]) {
    const observed = `${words(packets)}; received in all: ${seen(whole)}`
    const sizes = String(seen(whole)).match(/\d+/g)?.map(Number) ?? []
    if (Number(seen(packets)) === 0) return { choice: 'refused', observed }
    if (sizes.at(-1) === LARGEST_BYTES) return { choice: 'one', observed }
    return { choice: sizes.length > 3 ? 'many' : 'cut-off', observed }
  },
  explanation:
    'IP cuts it into fragments, each with an IP header of its own; the receiving kernel puts them together, and its program reads one message. One byte more does not fit the 16 bits of the length: EMSGSIZE.',
})

const blackHole = ({ silenceMs }: UdpSettings) =>
  question({
    id: 'black-hole',
    text: `On the path packets of more than 1000 bytes vanish without a word. A TCP connection comes up, and a small message arrives. Then the client writes 5000 bytes. ${duration(silenceMs, 0)} later?`,
    choices: [
      { id: 'arrives', text: 'they have arrived: TCP sends smaller segments until they pass' },
      { id: 'error', text: 'the client has an error' },
      { id: 'stuck', text: 'nothing has arrived, and both ends say connected' },
    ],
    checks: ['black-hole/tcp/stuck'],
    answer([stuck]) {
      const observed = String(seen(stuck))
      if (!observed.includes('ESTABLISHED')) return { choice: 'error', observed }
      return { choice: Number.parseInt(observed, 10) > 1000 ? 'arrives' : 'stuck', observed }
    },
    explanation:
      'The handshake is small, so the connection comes up. Full segments vanish, and are sent again as large as before, since nobody sent the ICMP message that would say why. Linux can guess (tcp_mtu_probing), but does not by default.',
  })
