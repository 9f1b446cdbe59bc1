/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, said, seen } from '../../src/lab/question.ts'

export function questionsOf(): Question[] {
  return [inKernels, proxySees, killed, icmp, again, behindRouter, proxyGone, stranger, replay, reset]
}

const inKernels = question({
  id: 'in-kernels',
  text: 'The call is up, both hear each other. What do the kernels of the two hosts know about it?',
  choices: [
    { id: 'connection', text: 'a connection between the two, in state ESTABLISHED' },
    { id: 'addresses', text: 'of the voice, an address that each has noted; of the call, nothing' },
    { id: 'nothing', text: 'nothing at all, not even an address' },
  ],
  checks: ['call/udp/no-connection', 'call/udp/sockets', 'call/udp/voice-sockets'],
  answer([connections, sockets, voice]) {
    const observed = `${words(connections)}; signalling hears ${said(sockets)}; voice ${said(voice)}`
    if (seen(connections) !== 0) return { choice: 'connection', observed }
    return { choice: /\d/.test(said(voice)) ? 'addresses' : 'nothing', observed }
  },
  explanation:
    'The call is a few lines in two programs: a number, two tags, two counters. For the kernels there are sockets; those of the voice have noted an address, so that nobody else is heard there.',
})

const proxySees = question({
  id: 'proxy-sees',
  text: 'Alice calls bob by the proxy. Which packets does the proxy see after bob has answered?',
  choices: [
    { id: 'all', text: 'all of them: the call goes through it' },
    { id: 'signalling', text: 'ACK and BYE, and not the voice' },
    { id: 'none', text: 'none' },
  ],
  checks: ['call/udp/without-proxy', 'call/udp/voice'],
  answer([proxy, voice]) {
    const count = Number(seen(proxy))
    const observed = `${words(proxy)} at the proxy, ${words(voice)} of voice at alice's card`
    return { choice: count === 0 ? 'none' : count < Number(seen(voice)) ? 'signalling' : 'all', observed }
  },
  explanation:
    'It was asked where bob is, and passed the question on. The answer says where he is; from then on the two talk to each other. A proxy that wants to hear more has to say so in each INVITE (Record-Route).',
})

const killed = question({
  id: 'killed',
  text: "In the middle of the call bob's telephone is killed. When does alice's SIP notice?",
  choices: [
    { id: 'at-once', text: 'at once: his kernel says goodbye for him, as with TCP' },
    { id: 'retransmissions', text: 'after 64 x T1: its messages are not answered' },
    { id: 'never', text: 'never: it has nothing to say, so it misses nothing' },
  ],
  checks: ['killed/udp/unnoticed', 'killed/timer/ends'],
  answer([unnoticed, ends]) {
    const observed = `without a session timer ${words(unnoticed)}, with one after ${words(ends)}`
    return { choice: seen(unnoticed) === null ? 'never' : 'at-once', observed }
  },
  explanation:
    'A call has no packets of its own: there are messages when something changes, and nothing changes. Only who has agreed on a session timer has something to miss: the refreshes.',
})

const icmp = question({
  id: 'icmp',
  text: "The kernel of bob's host answers voice packets with an error: port unreachable. What does alice's telephone make of it?",
  choices: [
    { id: 'ends', text: 'it ends the call: there is nobody' },
    { id: 'goes-on', text: 'whoever sends the voice is told, and the call goes on' },
    { id: 'nothing', text: 'nothing: its kernel does not tell it' },
  ],
  checks: ['killed/udp/unreachable', 'killed/udp/told', 'killed/udp/unnoticed'],
  answer([errors, told, unnoticed]) {
    const observed = `${words(errors)} at alice's card, told after ${words(told)}; of SIP ${words(unnoticed)}`
    if (seen(unnoticed) !== null) return { choice: 'ends', observed }
    return { choice: seen(told) === null ? 'nothing' : 'goes-on', observed }
  },
  explanation:
    'A kernel passes such an error on only to a socket that was connected to the peer, with connect(2): those of the voice are, that of the signalling hears anybody. And an error that anybody could have sent is no good reason to end a call.',
})

const again = question({
  id: 'again',
  text: 'The first three INVITEs are lost, T1 is 250 ms. How long after the first does the fourth leave?',
  choices: [
    { id: 'even', text: '0.75 s: one each 250 ms' },
    { id: 'doubling', text: '1.75 s: after 250, 500 and 1000 ms' },
    { id: 'seconds', text: 'some 3 s: after one second each, as TCP does with SYN' },
  ],
  checks: ['lossy/udp/invite-4'],
  answer([fourth]) {
    const observed = `the fourth after ${words(fourth)}`
    const ms = Number(seen(fourth))
    return { choice: ms < 1200 ? 'even' : ms < 2500 ? 'doubling' : 'seconds', observed }
  },
  explanation:
    'UDP loses, and nobody but the program sends again. So SIP has a timer for each message, and all of them are made of T1, which stands for a round trip: T1, 2 T1, 4 T1, and after 64 T1 it gives up.',
})

const behindRouter = question({
  id: 'behind-router',
  text: 'Bob has registered from behind a router, for an hour. Some seconds later, longer than the router remembers, somebody calls him. Does his telephone ring?',
  choices: [
    { id: 'yes', text: 'yes: he is registered, and the registrar knows where he is' },
    { id: 'late', text: 'yes, with a retransmission: the router learns anew' },
    { id: 'no', text: 'no, and his telephone goes on believing that it can be called' },
  ],
  checks: ['nat/udp/unreached', 'nat/kept-alive/rings'],
  answer: ([unreached, rings]) => ({
    choice: seen(unreached) === null ? 'no' : 'yes',
    observed: `without keep-alive ${words(unreached)}; with it after ${words(rings)}`,
  }),
  explanation:
    'The registrar remembers for an hour, the router for seconds, and a router learns from inside alone. So whoever wants to be called has to go on talking: "I am still here, do not forget me" is said to the router, though the registrar answers.',
})

const proxyGone = question({
  id: 'proxy-gone',
  text: 'The proxy that found bob ends in the middle of the call. What happens to the call?',
  choices: [
    { id: 'ends', text: 'it ends: the proxy was in the middle of it' },
    { id: 'voice', text: 'the voice goes on, and nobody can hang up' },
    { id: 'on', text: 'it goes on, and ends when somebody hangs up' },
  ],
  checks: ['proxy/udp/goes-on', 'proxy/udp/hung-up'],
  answer([on, hungUp]) {
    const observed = `${words(on)} of voice meanwhile; BYE answered after ${words(hungUp)}`
    if (Number(seen(on)) === 0) return { choice: 'ends', observed }
    return { choice: seen(hungUp) === null ? 'voice' : 'on', observed }
  },
  explanation:
    'It kept no connection, and of this call it kept nothing at all: what there is to know of it is at the two ends. What is lost with it is where people are, until they register again.',
})

const stranger = question({
  id: 'stranger',
  text: 'Somebody who knows the number of the call (Call-ID), and not its tags, sends bob a BYE. What happens?',
  choices: [
    { id: 'ends', text: 'the call ends: over UDP anybody can say so' },
    { id: 'silence', text: 'nothing: bob does not answer strangers' },
    { id: '481', text: 'bob answers that there is no such call, and it goes on' },
  ],
  checks: ['stranger/udp/refused', 'stranger/udp/goes-on'],
  answer([refused, on]) {
    const observed = `answered ${said(refused)}; ${words(on)} of voice afterwards`
    if (Number(seen(on)) === 0) return { choice: 'ends', observed }
    return { choice: said(refused) === '481' ? '481' : 'silence', observed }
  },
  explanation:
    'A call is known by three names together: Call-ID, and a tag that each end has chosen by chance. Who can guess no tag has no call. Who has overheard them has all it takes: without encryption nothing else protects it.',
})

const replay = question({
  id: 'replay',
  text: 'Somebody has overheard the REGISTER in which bob proves that he knows his password, and says it again with another address. What happens?',
  choices: [
    { id: 'taken', text: 'it is taken: the proof is right, and calls for bob go there now' },
    { id: 'wrong', text: 'it is refused as wrong: the proof was for another address' },
    { id: 'replayed', text: 'the proof is right, and is refused: it has been used' },
  ],
  checks: ['stranger/udp/replayed', 'stranger/udp/still-his'],
  answer([refused, added]) {
    const observed = `refused as ${said(refused)}; entries added: ${words(added)}`
    if (seen(added) !== null) return { choice: 'taken', observed }
    return { choice: said(refused) === 'replayed' ? 'replayed' : 'wrong', observed }
  },
  explanation:
    'What is proved is the password, for this method at this registrar, and nothing of what else the message says. So a right proof can be put into another message; that each may be used once is all that stands in the way, and only a registrar that counts keeps it.',
})

const reset = question({
  id: 'reset',
  text: 'SIP runs over TCP, and its connection is reset in the middle of the call. What happens to the call?',
  choices: [
    { id: 'ends', text: 'it ends: its connection is gone' },
    { id: 'pause', text: 'the voice stops until there is a new connection' },
    { id: 'on', text: 'it goes on; whoever has something to say opens another connection' },
  ],
  checks: ['tcp-reset/tcp/goes-on', 'tcp-reset/tcp/hung-up', 'tcp-reset/tcp/connections'],
  answer([on, hungUp, connections]) {
    const observed = `${words(on)} of voice afterwards; BYE answered after ${words(hungUp)}, over ${words(connections)}`
    if (Number(seen(on)) === 0) return { choice: 'pause', observed }
    return { choice: seen(hungUp) === null ? 'ends' : 'on', observed }
  },
  explanation:
    'To SIP a connection is a way for messages, as a UDP socket is, and no part of the call. The call is what both ends remember; the next message goes by another connection.',
})
