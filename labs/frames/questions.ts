/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, said, seen } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import type { FramesSettings } from './conditions.ts'

/** The questions about a run that is planned like this. */
export function questionsOf({ settings }: Plan<FramesSettings>): Question[] {
  return [
    firstFrame,
    left,
    smaller(settings),
    heartbeat(settings),
    pathMtu(settings),
    oneCable,
    flooded,
    aged(settings),
    claimed,
    hub,
    onAir,
    ownWord,
  ]
}

const firstFrame = question({
  id: 'first-frame',
  text: 'a sends a datagram to the IP address of b, with which it never spoke. What leaves the card of a first?',
  choices: [
    { id: 'datagram', text: 'the datagram: UDP needs no arrangement' },
    { id: 'broadcast', text: 'the datagram, to everybody, since a does not know where b is' },
    { id: 'question', text: 'a question to everybody: who has this address?' },
    { id: 'switch', text: 'a question to the switch, which knows all addresses' },
  ],
  checks: ['arp/udp/order', 'arp/udp/heard'],
  answer([order, heard]) {
    const observed = `${said(order)}; a third host heard: ${said(heard)}`
    if (!said(order).startsWith('who has')) {
      return { choice: said(heard) === 'nothing' ? 'datagram' : 'broadcast', observed }
    }
    return { choice: said(heard).startsWith('who has') ? 'question' : 'switch', observed }
  },
  explanation:
    'A frame is addressed to a card, and an IP address names none. So the kernel asks all cards on the wire (ARP), keeps the datagram meanwhile, and notes the answer. UDP does not notice.',
})

/** What a full frame of 1514 bytes leaves to its user. */
const LEFT: Readonly<Record<number, string>> = { 1514: 'all', 1500: 'ethernet', 1480: 'ip', 1448: 'tcp' }

const left = question({
  id: 'left',
  text: 'The largest frame on this wire has 1514 bytes. How many of them are left for the user of a TCP connection?',
  choices: [
    { id: 'all', text: '1514: headers are sent apart' },
    { id: 'ethernet', text: '1500: an Ethernet header of 14 comes off' },
    { id: 'ip', text: '1480: and an IP header of 20' },
    { id: 'tcp', text: '1448: and a TCP header of 32, with its options' },
  ],
  checks: ['headers/bulk/left', 'headers/bulk/full', 'headers/http/layers'],
  answer: ([leftOver, full, layers]) => ({
    choice: LEFT[Number(seen(leftOver))] ?? null,
    observed: `${words(leftOver)} of ${words(full)}; the headers were ${said(layers)}`,
  }),
  explanation:
    'Each layer puts its header before what the layer above gave it. TCP has 20 bytes, and 12 more for the timestamps that both ends agreed on; IP 20, Ethernet 14. The rest is for the user, whatever the user puts in front of it: HTTP has headers of its own.',
})

const smaller = ({ smallMtuBytes }: FramesSettings) =>
  question({
    id: 'smaller',
    text: `The same at an MTU of ${smallMtuBytes} instead of 1500. What share of a full frame do the headers take?`,
    choices: [
      { id: 'same', text: 'the same as before: headers shrink with the frame' },
      { id: 'double', text: 'between two and three times as much: they stay as long as they were' },
      { id: 'half', text: 'less: a small frame needs less of a header' },
    ],
    checks: ['headers/bulk/full', 'headers/bulk/left', 'small-mtu/bulk/full', 'small-mtu/bulk/left'],
    answer([full, leftOver, smallFull, smallLeft]) {
      const share = (whole: typeof full, rest: typeof full) => 1 - Number(seen(rest)) / Number(seen(whole))
      const [large, small] = [share(full, leftOver), share(smallFull, smallLeft)]
      const observed = `${percent(large)} of ${words(full)}, ${percent(small)} of ${words(smallFull)}`
      if (!Number.isFinite(small / large)) return { choice: null, observed }
      if (small / large > 1.5) return { choice: 'double', observed }
      return { choice: small / large < 0.9 ? 'half' : 'same', observed }
    },
    explanation:
      'A header has the same fields before one byte and before a thousand. So small frames are dear, which is why an MTU as large as all can carry is worth finding out.',
  })

const heartbeat = ({ beats }: FramesSettings) =>
  question({
    id: 'heartbeat',
    text: 'A heartbeat over TCP is one byte. How many bytes pass on the wire for it, both ways?',
    choices: [
      { id: 'one', text: '1: the connection is there already' },
      { id: 'tens', text: 'some 20 to 40' },
      { id: 'frame', text: 'some 70: one frame' },
      { id: 'two', text: 'more than 100: a frame there, and one back' },
    ],
    checks: ['headers/heartbeat/share', 'headers/heartbeat/cost'],
    answer([share, cost]) {
      const observed = `${beats} beats took ${words(cost)}; of the frame of one, headers are ${said(share)}`
      const each = Number(seen(cost)) / beats
      if (!Number.isFinite(each)) return { choice: null, observed }
      if (each > 100) return { choice: 'two', observed }
      if (each > 50) return { choice: 'frame', observed }
      return { choice: each > 10 ? 'tens' : 'one', observed }
    },
    explanation:
      'One byte takes a frame with all headers, and TCP acknowledges what it received with another. A heartbeat of one byte and one of fifty cost nearly the same; how often it beats is what counts.',
  })

const pathMtu = ({ pathMtuBytes }: FramesSettings) =>
  question({
    id: 'path-mtu',
    text: `a and b take packets of 1500 bytes, and so does a router between them; but its way to b takes ${pathMtuBytes}. A TCP connection is up, and a writes 20 kB. What happens?`,
    choices: [
      { id: 'cut', text: 'the router cuts the large packets, and b puts them together' },
      { id: 'told', text: 'the router drops the first large ones and says so; a then sends smaller ones' },
      { id: 'handshake', text: 'nothing: a and b agreed on a size that fits when the connection began' },
      { id: 'stuck', text: 'nothing arrives: neither end knows what is between them' },
    ],
    checks: ['path-mtu/bulk/told', 'path-mtu/bulk/whole', 'path-mtu/bulk/largest'],
    answer([told, whole, largest]) {
      const observed = `a was told ${said(told)}; ${words(whole)} arrived, in frames of ${words(largest)} at most`
      if (whole.verdict !== 'pass') return { choice: 'stuck', observed }
      if (seen(told) !== null) return { choice: 'told', observed }
      return { choice: Number(seen(largest)) > pathMtuBytes ? 'cut' : 'handshake', observed }
    },
    explanation:
      'In the handshake each end tells what it can take itself; of what is between them neither knows. So TCP forbids routers to cut its packets (the DF bit), and is told by ICMP what would have fitted. Where somebody drops that message, large packets vanish for ever (lab udp, case black-hole).',
  })

const oneCable = question({
  id: 'one-cable',
  text: 'An HTTP connection is open and idle, another one carries heartbeats, a third a large file. How many cables do the three of them need?',
  choices: [
    { id: 'three', text: 'one each, while they are open' },
    { id: 'turns', text: 'one, and each has it until it closes' },
    { id: 'one', text: 'one, frame by frame: each frame says whose it is' },
  ],
  checks: ['headers/bulk/one-cable'],
  answer([card]) {
    const observed = `the one card of the host counted ${words(card)}, ${card.verdict === 'pass' ? 'the sum of' : 'and not the sum of'} ${card.formula}`
    return { choice: card.verdict === 'pass' && card.formula.includes('of 3 ') ? 'one' : 'three', observed }
  },
  explanation:
    'A cable carries one frame at a time, and belongs to nobody between two frames. Addresses and ports on each of them tell whose it is. An open connection that says nothing has no part of the cable.',
})

const flooded = question({
  id: 'flooded',
  text: 'a, b and c are on a switch that has just been turned on. a sends to b, whose card it knows; b answers; a sends again. Which of the two from a does the card of c hear?',
  choices: [
    { id: 'none', text: 'neither: a switch sends frames only to whom they are for' },
    { id: 'first', text: 'the first: until b has spoken, the switch does not know where it is' },
    { id: 'both', text: 'both: the wire is shared' },
  ],
  checks: ['switch/udp/flooded', 'switch/udp/delivered'],
  answer([before, after]) {
    const observed = `c heard ${words(before)} before b had spoken, and ${words(after)} afterwards`
    if (seen(after) !== null) return { choice: 'both', observed }
    return { choice: Number(seen(before)) > 0 ? 'first' : 'none', observed }
  },
  explanation:
    'A switch learns from what it hears, and from nothing else: the source address of a frame tells it who is at that port. What is for somebody whom it has not heard goes to all ports, so that it arrives in any case.',
})

const aged = ({ ageingMs }: FramesSettings) =>
  question({
    id: 'aged',
    text: `b says nothing for longer than ${duration(ageingMs, 0)}, the ageing time of the switch. Then a sends to b. What happens?`,
    choices: [
      { id: 'lost', text: 'it is lost: the switch takes b for gone' },
      { id: 'delivered', text: 'it goes to b alone, as before: nobody unplugged b' },
      { id: 'all', text: 'it goes to everybody, as at the beginning' },
      { id: 'asked', text: 'the switch asks b first whether it is still there' },
    ],
    checks: ['switch/udp/aged', 'switch/udp/reasons'],
    answer([again, reasons]) {
      const observed = `c heard ${words(again)}; the switch said of the five datagrams: ${said(reasons)}`
      const third = said(reasons).split(', ')[2]
      if (third === 'unknown') return { choice: Number(seen(again)) > 0 ? 'all' : 'lost', observed }
      return { choice: third === 'known' ? 'delivered' : null, observed }
    },
    explanation:
      'A switch has a belief about b, kept alive by what it hears, as every belief in these labs. Silence ends it: the entry is dropped. That costs nothing, since frames for b then go everywhere until b speaks.',
  })

const claimed = question({
  id: 'claimed',
  text: 'c gives its card the address of b, and sends one frame. Then a sends to b. Who gets it?',
  choices: [
    { id: 'b', text: 'b: it had the address first' },
    { id: 'both', text: 'both' },
    { id: 'c', text: 'c alone, until b speaks again' },
    { id: 'neither', text: 'neither: the switch sees the conflict, and drops it' },
  ],
  checks: ['switch/udp/claimed', 'switch/udp/back'],
  answer([got, later]) {
    const observed = `${said(got)}; after b had spoken again ${said(later)}`
    const [atB = 0, atC = 0] = (said(got).match(/\d+/g) ?? []).map(Number)
    if (atB > 0) return { choice: atC > 0 ? 'both' : 'b', observed }
    return { choice: atC > 0 ? 'c' : 'neither', observed }
  },
  explanation:
    'The switch notes where an address was heard last, and asks nobody. That is how a laptop is found that was moved to another socket, and how somebody gets frames that were not meant for him. Nobody is told.',
})

const hub = question({
  id: 'hub',
  text: 'a and b talk by a hub. c is on it too, and a program there listens at the port of b. What does that program see?',
  choices: [
    { id: 'all', text: 'the whole talk: everybody on a hub hears everything' },
    { id: 'card', text: 'nothing: the frames reach its card, and its kernel throws them away' },
    { id: 'never', text: 'nothing: the frames never reach its card' },
  ],
  checks: ['hub/udp/heard', 'hub/udp/kept', 'hub/udp/program'],
  answer([heard, kept, program]) {
    const observed = `the card of c heard ${words(heard)}, its kernel kept ${words(kept)}, the program saw ${said(program)}`
    if (Number.parseInt(said(program), 10) > 0) return { choice: 'all', observed }
    return { choice: Number(seen(heard)) > 0 ? 'card' : 'never', observed }
  },
  explanation:
    'Whoever is on the medium hears all of it; a card, or the kernel behind it, drops what bears another address. That is order, not secrecy: a program that captures sees everything.',
})

const onAir = question({
  id: 'on-air',
  text: 'a, b and c have Wi-Fi, at the same access point, all in range of each other. a sends one datagram to b. What is on the air?',
  choices: [
    { id: 'once', text: 'one frame from a to b: they hear each other' },
    { id: 'twice', text: 'two frames: to the access point, and from it' },
    { id: 'acked', text: 'four: each of the two is acknowledged at once' },
    { id: 'copies', text: 'a frame to the access point, and a copy from it to everybody in range' },
  ],
  checks: ['wifi/udp/addresses', 'wifi/udp/twice', 'wifi/udp/acked', 'wifi/udp/heard'],
  answer([addresses, data, acks, heard]) {
    const observed = `${words(data)} of data and ${words(acks)} of acknowledgement, of which c heard ${words(heard)}; the first: ${said(addresses)}`
    if (addresses.verdict !== 'pass')
      return { choice: said(addresses) === 'nothing' ? null : 'once', observed }
    return { choice: Number(seen(acks)) >= Number(seen(data)) ? 'acked' : 'twice', observed }
  },
  explanation:
    'A station speaks to its access point alone. So a frame has three addresses: whose radio sends, whose radio is meant, and who is behind it; and everything between two stations takes the air twice. All in range hear all four; the first address says who keeps it, and a key, which differs for each station, who can read it.',
})

const ownWord = question({
  id: 'own-word',
  text: 'a says something to everybody (an ARP request) over Wi-Fi. Does a hear it come back?',
  choices: [
    { id: 'never', text: 'no: who sends does not hear himself' },
    { id: 'card', text: 'yes, from the access point; its card throws it away' },
    { id: 'kernel', text: 'yes, and its kernel has to tell that it is its own' },
  ],
  checks: ['wifi/udp/own'],
  answer([own]) {
    const [again = 0, atKernel = 0] = (said(own).match(/\d+/g) ?? []).map(Number)
    if (again === 0) return { choice: said(own) === 'nothing' ? null : 'never', observed: said(own) }
    return { choice: atKernel > 0 ? 'kernel' : 'card', observed: said(own) }
  },
  explanation:
    'The access point says it again for all, and a is in range. The third address says who has said it first, so the card of a knows its own word. What is said to all nobody acknowledges: it may be lost, and nobody sends it again.',
})

/** `4.4 %` */
function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
