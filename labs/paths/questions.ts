/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, said, seen } from '../../src/lab/question.ts'
import type { Plan } from '../../src/plan/plan.ts'
import { duration } from '../../src/view/words.ts'
import type { PathsSettings } from './conditions.ts'

/** The questions about a run that is planned like this. */
export function questionsOf({ settings }: Plan<PathsSettings>): Question[] {
  const remembered = settings.forgetsAfterSeconds > 0 ? [forgets(settings)] : []
  return [flows(settings), sprayed, heartbeat, moved, comesBack, light, dead, ...remembered, wayBack]
}

const flows = ({ flows, datagrams }: PathsSettings) =>
  question({
    id: 'flows',
    text: `Two ways lead from a to b, equally good. a sends ${flows} flows of ${datagrams} datagrams each, and its kernel chooses by addresses and ports. How do they go?`,
    choices: [
      { id: 'turns', text: 'packet by packet in turn: half of each flow by either way' },
      { id: 'spread', text: 'each flow keeps to one way, some to the one, some to the other' },
      { id: 'one', text: 'all by one way: the other is for when it fails' },
    ],
    checks: ['by-flow/udp/spread', 'by-flow/udp/one-way', 'by-host/udp/spread'],
    answer([spread, oneWay, byHost]) {
      const observed = `${words(oneWay)} of ${flows} kept to one way, ${words(spread)} were used; where only addresses counted, ${words(byHost)}`
      if (seen(oneWay) === null) return { choice: null, observed }
      if (Number(seen(oneWay)) < flows) return { choice: 'turns', observed }
      return { choice: Number(seen(spread)) === 2 ? 'spread' : 'one', observed }
    },
    explanation:
      'A router that has several ways computes a number from what all packets of a flow have in common, and takes the way of that number. So it needs no memory, and a conversation stays together. Whether ports count is a setting; without them all that two hosts say to each other goes one way.',
  })

const sprayed = question({
  id: 'sprayed',
  text: 'a sends packet by packet by either way, and one of them is slower. What does a program notice that reads from a TCP connection?',
  choices: [
    { id: 'disorder', text: 'parts of the stream come in the wrong order' },
    { id: 'breaks', text: 'the connection breaks: its segments cannot be put together' },
    { id: 'nothing', text: 'nothing: every byte is in its place' },
  ],
  checks: ['sprayed/tcp/misplaced', 'sprayed/tcp/reordered', 'sprayed/tcp/again'],
  answer([misplaced, reordered, again]) {
    const observed = `${words(misplaced)} out of place, though ${words(reordered)} were overtaken; ${words(again)} were sent again for nothing`
    if (seen(misplaced) === null) return { choice: 'breaks', observed }
    return { choice: Number(seen(misplaced)) > 0 ? 'disorder' : 'nothing', observed }
  },
  explanation:
    'Each segment has a number, and the receiving kernel keeps what comes too early. But the sender is told of holes, takes some of it for loss, sends it again for nothing and may slow down: that is why routers take care not to do this. With UDP the program gets what comes, as it comes.',
})

const heartbeat = question({
  id: 'heartbeat',
  text: 'A heartbeat is sent over both ways in turn as well, and later another one has its way taken away while it runs. What do their detectors believe?',
  choices: [
    { id: 'doubt', text: 'they doubt each time, and believe again' },
    { id: 'down', text: 'the second one takes its peer for gone' },
    { id: 'nothing', text: 'nothing changes' },
  ],
  checks: ['sprayed/heartbeat/doubts', 'moved/heartbeat/doubts', 'moved/heartbeat/ways'],
  answer([first, second, ways]) {
    const observed = `doubts when sprayed: ${said(first)}; when moved: ${said(second)}, by ${said(ways)}`
    if (seen(first) === null && seen(second) === null) return { choice: 'nothing', observed }
    return { choice: said(second).includes('down') ? 'down' : 'doubt', observed }
  },
  explanation:
    'A detector knows when something arrived last, and nothing else. The way of a beat is not in the beat. So it vouches for the peer and for some way that leads there, whichever that was.',
})

const moved = question({
  id: 'moved',
  text: 'A TCP connection goes by p. Both hosts turn off their cards towards p in the middle of the conversation; q has never seen a packet of it. What becomes of the connection?',
  choices: [
    { id: 'breaks', text: 'it breaks: the line is gone that it was made on' },
    { id: 'anew', text: 'the kernels make it anew by q, with another handshake' },
    { id: 'refused', text: 'q refuses segments of a connection that it does not know' },
    { id: 'lives', text: 'it goes on by q, as if nothing had been' },
  ],
  checks: ['moved/tcp/moved', 'moved/tcp/states', 'moved/tcp/no-syn'],
  answer([went, states, syn]) {
    const observed = `${said(went)}; ${said(states)}; SYNs: ${said(syn)}`
    if (seen(syn) !== null) return { choice: 'anew', observed }
    if (said(states) !== 'ESTABLISHED | ESTABLISHED') return { choice: 'breaks', observed }
    return { choice: said(went) === 'q there, q back' ? 'lives' : 'refused', observed }
  },
  explanation:
    'There was no line. Each packet bears the address of its end, and whoever forwards it looks at that and nothing else. The connection is in the two kernels at its ends, and they were told nothing.',
})

const comesBack = question({
  id: 'comes-back',
  text: 'The cards are turned on again. a has a classic route with two ways, b one made of nexthop objects. Who goes back to p?',
  choices: [
    { id: 'both', text: 'both: a flow has its way, and takes it when it is there' },
    { id: 'a', text: 'a only' },
    { id: 'b', text: 'b only' },
    { id: 'neither', text: 'neither: a conversation stays where it is' },
  ],
  checks: ['moved/tcp/back'],
  answer([back]) {
    const ways = said(back)
    const choices: Readonly<Record<string, string>> = {
      'p there, p back': 'both',
      'p there, q back': 'a',
      'q there, p back': 'b',
      'q there, q back': 'neither',
    }
    return { choice: choices[ways] ?? null, observed: ways }
  },
  explanation:
    'Nobody remembers where the flow had been: the way is computed for each packet from the ways that there are. A classic route keeps a way whose card is off and marks it; a nexthop object is deleted with its card, and comes back only if somebody makes it. So the two directions of one connection go different ways from then on, and it does not matter.',
})

const light = question({
  id: 'light',
  text: 'The cable from a to p is pulled out at the far end. The light at the card of a goes out. What does a do with its flow by p?',
  choices: [
    { id: 'moves', text: 'it sends it by q at once' },
    { id: 'error', text: 'send() fails' },
    { id: 'goes-on', text: 'it goes on sending it by p, into the dark' },
  ],
  checks: ['far-end/udp/dark', 'far-end/udp/believes', 'far-end/udp/heeded'],
  answer([dark, believes, heeded]) {
    const observed = `${said(dark)} arrived, while the kernel said ${said(believes)}; told to heed the light: ${said(heeded)}`
    if (said(dark).startsWith('q')) return { choice: 'moves', observed }
    return { choice: said(believes) === 'p' ? 'goes-on' : 'error', observed }
  },
  explanation:
    'A card without a signal is not a card that is turned off: its routes stay in force, unless the system is told to ignore them (ignore_routes_with_linkdown). Real routers are told, or run a protocol that asks their neighbours.',
})

const dead = question({
  id: 'dead',
  text: 'The router p dies without a word; six flows of a went by it, six by q. What becomes of them?',
  choices: [
    { id: 'all', text: 'all stop: the network between a and b has changed' },
    { id: 'half', text: 'those by p are lost, those by q notice nothing' },
    { id: 'none', text: 'those by p are sent by q at once' },
  ],
  checks: ['dead/udp/lost', 'dead/udp/spared', 'dead/udp/noticed'],
  answer([lost, spared, noticed]) {
    const observed = `of those by p ${words(lost)} arrived, of those by q ${words(spared)}; when a asked its neighbours, ${words(noticed)}`
    if (lost.observed.value === null || spared.observed.value === null) return { choice: null, observed }
    if (Number(seen(lost)) > 0) return { choice: 'none', observed }
    return { choice: Number(seen(spared)) > 0 ? 'half' : 'all', observed }
  },
  explanation:
    'Each flow has its way, and only those of the dead router are in trouble; who looks from one computer may say that all is well, who looks from another that all is down. A host that asks its neighbours (ARP) knows after a while, and uses it if it is told to.',
})

const forgets = ({ forgetsAfterSeconds }: PathsSettings) =>
  question({
    id: 'forgets',
    text: `Now p keeps a table of connections and passes only what it knows. A connection is idle until p has forgotten it, after ${duration(1000 * forgetsAfterSeconds, 0)}; then a writes. What happens?`,
    choices: [
      { id: 'anew', text: 'p takes it up again: both ends know it' },
      { id: 'reset', text: 'p tells a that the connection is over' },
      { id: 'dropped', text: 'p drops it without a word, and both ends go on believing' },
    ],
    checks: ['box/tcp/forgotten', 'box/tcp/states', 'box/tcp/around'],
    answer([forgotten, states, around]) {
      const observed = `${said(forgotten)} arrived; ${said(states)}; sent around p it arrived ${words(around)} later`
      if (seen(forgotten) === null) return { choice: null, observed }
      if (!/, 0 of/.test(said(forgotten))) return { choice: 'anew', observed }
      return { choice: said(states) === 'ESTABLISHED | ESTABLISHED' ? 'dropped' : 'reset', observed }
    },
    explanation:
      'What p had was a note of its own that it had seen a connection, and it threw the note away. The connection was never there: it is at the ends, and lives as soon as its packets find a way around. How routers differ in this, and what keeps a note fresh, is the matter of lab nat.',
  })

const wayBack = question({
  id: 'way-back',
  text: 'The same p is on the way from a to b only; b answers by q. a calls connect(). What does it return?',
  choices: [
    { id: 'refused', text: 'an error: p refuses it' },
    { id: 'pending', text: 'nothing: it waits until it gives up' },
    { id: 'half', text: 'success, although b is never asked' },
    { id: 'both', text: 'success, and the conversation works: each packet finds its way' },
  ],
  checks: ['way-back/tcp/states', 'way-back/tcp/not-asked', 'way-back/tcp/lost'],
  answer([states, asked, lost]) {
    const observed = `${said(states)}; what a wrote: ${said(lost)}`
    if (seen(asked) !== null) return { choice: 'both', observed }
    if (said(states).startsWith('ESTABLISHED')) return { choice: 'half', observed }
    return { choice: said(states).startsWith('SYN-SENT') ? 'pending' : 'refused', observed }
  },
  explanation:
    'The SYN passes p, the SYN ACK comes by q, and a believes. Its ACK goes by p again, which has never seen the SYN ACK: it fits nothing in the table, and is dropped. Whoever keeps state on the way needs both directions, and IP promises that to nobody.',
})
