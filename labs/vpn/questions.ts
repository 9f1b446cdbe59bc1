/** What to predict, with choices that people believe; the right one is found in what was seen. */
import { type Question, observationWords as words } from '../../src/lab/predict.ts'
import { question, said, seen } from '../../src/lab/question.ts'

export function questionsOf(): Question[] {
  return [
    beforeWord,
    whoFirst,
    stranger,
    onWire,
    keeper,
    elsewhere,
    restarted,
    behindRouter,
    innerTcp,
    afterSilence,
    whatIsIt,
  ]
}

const beforeWord = question({
  id: 'before-word',
  text: 'Both ends of the VPN are configured and started. What is on the wire before anybody has something to say?',
  choices: [
    { id: 'handshake', text: 'the handshake: a VPN connects when it is started' },
    { id: 'keepalive', text: 'keepalives, to hold the connection' },
    { id: 'nothing', text: 'nothing' },
  ],
  checks: ['handshake/vpn/before', 'handshake/vpn/sizes'],
  answer([before, sizes]) {
    const count = Number(seen(before))
    const observed = `${words(before)} before, then datagrams of ${said(sizes)} bytes`
    if (count === 0) return { choice: 'nothing', observed }
    return { choice: said(sizes).startsWith('148') ? 'keepalive' : 'handshake', observed }
  },
  explanation:
    'A configuration is no connection. The first packet for the other side begins the handshake, and waits for it: two messages, half a round trip each.',
})

const whoFirst = question({
  id: 'who-first',
  text: 'a begins the handshake, b answers. Who has the new keys first, and who is the last to know that both have them?',
  choices: [
    { id: 'initiator', text: 'a has them first, since it began; b is the last' },
    { id: 'responder', text: 'b has them first, and is also the last to know that a has them' },
    { id: 'together', text: 'both at the same moment: that is what the handshake is for' },
  ],
  checks: ['handshake/vpn/order'],
  answer([order]) {
    const observed = `in this order: ${said(order)}`
    if (said(order).startsWith('responder')) return { choice: 'responder', observed }
    return { choice: said(order).startsWith('initiator') ? 'initiator' : 'together', observed }
  },
  explanation:
    'The responder can compute the keys when it writes its answer, and cannot know whether that answer arrives. Only the first packet in the new keys tells it. No number of messages makes both know at once.',
})

const stranger = question({
  id: 'stranger',
  text: 'Somebody whose key b does not know sends a perfect first message. What does b answer?',
  choices: [
    { id: 'refusal', text: 'a refusal: unknown user' },
    { id: 'icmp', text: 'the kernel answers: port unreachable' },
    { id: 'nothing', text: 'nothing, and it says why in its own log alone' },
  ],
  checks: ['strangers/unknown-peer/silent', 'strangers/unknown-peer/refused'],
  answer: ([silent, refused]) => ({
    choice: seen(silent) === 0 ? 'nothing' : 'refusal',
    observed: `${words(silent)} from b; in its log: ${said(refused)}`,
  }),
  explanation:
    'Whoever does not authenticate gets silence, the same as from a machine that is off. So a scan finds nothing, and an honest user with a wrong key learns nothing either: the log of the server must tell.',
})

const onWire = question({
  id: 'on-wire',
  text: 'The tunnel is up. One ping was answered, then nobody says a word for eleven seconds. What passes?',
  choices: [
    { id: 'nothing', text: 'nothing at all' },
    { id: 'one', text: 'one empty packet, from the end that heard something last' },
    { id: 'many', text: 'keepalives both ways, every few seconds' },
  ],
  checks: ['idle/vpn/passed'],
  answer([passed]) {
    const observed = said(passed)
    const count = seen(passed) === null ? 0 : observed.split(', ').length
    return { choice: count === 0 ? 'nothing' : count === 1 ? 'one' : 'many', observed }
  },
  explanation:
    'Who has received data and has had nothing to say for ten seconds sends one empty packet, so that the sender is not left without any answer. That one is not answered. Then there is nothing, for ever.',
})

const keeper = question({
  id: 'keeper',
  text: 'A client with a persistent keepalive goes on sending to a server that has ended. When does it notice?',
  choices: [
    { id: 'next', text: 'with the next keepalive, which nobody answers' },
    { id: 'three', text: 'after three that were missed' },
    { id: 'data', text: 'not by keepalives: fifteen seconds after it has had something to say' },
  ],
  checks: ['gone/vpn-persistent/unnoticed', 'gone/vpn-persistent/sent', 'gone/vpn-persistent/begins'],
  answer: ([unnoticed, sent, begins]) => ({
    choice: seen(unnoticed) === null ? 'data' : 'next',
    observed: `${words(sent)} sent, ${words(unnoticed)} noticed; begun anew ${words(begins)} after data`,
  }),
  explanation:
    'These keepalives are never answered, so none can be missed. They say "I am still here" to the routers on the way, and to the other end, if there is one. That there is one only answered data shows.',
})

const elsewhere = question({
  id: 'elsewhere',
  text: 'The client gets another address. It sends the next packet from there, in the same keys. What happens?',
  choices: [
    { id: 'refused', text: 'it is refused: that address has no session' },
    { id: 'anew', text: 'it is answered after a new handshake' },
    { id: 'on', text: 'it is answered at once; the server notes the new address' },
  ],
  checks: ['moved/vpn/answered', 'moved/vpn/same-session', 'moved/vpn/roamed'],
  answer([answered, sessions, roamed]) {
    const observed = `answered after ${words(answered)}, ${words(sessions)}, now at ${said(roamed)}`
    if (seen(answered) === null) return { choice: 'refused', observed }
    return { choice: seen(sessions) === 1 ? 'on' : 'anew', observed }
  },
  explanation:
    'The session is two keys. Whatever opens with them is from its owner, wherever it comes from; answers go to where the last authentic packet came from. A TCP connection is named by its addresses and would be lost.',
})

const restarted = question({
  id: 'restarted',
  text: 'The server is started again and knows nothing of the old session. What does the client need to go on?',
  choices: [
    { id: 'login', text: 'somebody who connects it again' },
    { id: 'wait', text: 'nothing but its next initiation: the keys in the configuration are enough' },
    { id: 'never', text: 'the server must be told the old keys, or it is over' },
  ],
  checks: ['gone/vpn/again', 'gone/vpn/lost'],
  answer: ([again, lost]) => ({
    choice: seen(again) === null ? 'never' : 'wait',
    observed: `new keys ${words(again)} after the server was back; the ping of before was ${said(lost)}`,
  }),
  explanation:
    'What lasts is the two public keys in two files. Sessions come and go below them, and connections inside may go on above: they have missed some packets.',
})

const behindRouter = question({
  id: 'behind-router',
  text: 'The client is behind a router that forgets what is idle. Nobody has spoken for a while, then the server has something to say. With and without a persistent keepalive at the client?',
  choices: [
    { id: 'both', text: 'it arrives in either case: both ends are connected' },
    { id: 'kept', text: 'it arrives with keepalives alone; without, the client must speak first' },
    { id: 'neither', text: 'it arrives in neither case: a server cannot reach behind a router' },
  ],
  checks: ['nat/vpn/astray', 'nat/vpn-persistent/found', 'nat/vpn/reopened'],
  answer([astray, found, reopened]) {
    const observed = `without: ${words(astray)}, and ${words(reopened)} after the client spoke; with: ${words(found)}`
    if (seen(found) === null) return { choice: 'neither', observed }
    return { choice: seen(astray) === null ? 'kept' : 'both', observed }
  },
  explanation:
    'This is the one job that a persistent keepalive has: a packet passes before the router forgets. Nobody answers it, so it is of no use for the other job, to notice that the other end is gone.',
})

const innerTcp = question({
  id: 'inner-tcp',
  text: 'A TCP connection goes through the tunnel. The server end of the tunnel ends, with its keys, and is started again while the connection has something to say. What becomes of the connection?',
  choices: [
    { id: 'reset', text: 'it is reset: the new server has never heard of it' },
    { id: 'anew', text: 'it is lost, and the client connects again' },
    { id: 'lives', text: 'it lives, and what it has said arrives later' },
  ],
  checks: ['restarted/inner-tcp/survives', 'restarted/inner-tcp/same-connection'],
  answer([survives, same]) {
    const observed = `answered ${words(survives)} after the tunnel was back, ${words(same)} in all`
    if (seen(survives) === null) return { choice: 'reset', observed }
    return { choice: seen(same) === 1 ? 'lives' : 'anew', observed }
  },
  explanation:
    'The connection is held by the two kernels, and was never held by the tunnel. What was lost TCP sends again, until there is a tunnel that takes it.',
})

const afterSilence = question({
  id: 'after-silence',
  text: 'Nobody says a word for nine minutes. All keys are erased. What do the two ends of the tunnel say, and the TCP connection inside?',
  choices: [
    { id: 'tunnel-down', text: 'the tunnel says that it is down, and the connection inside breaks' },
    {
      id: 'tunnel-down-tcp-up',
      text: 'the tunnel says that it is down; the connection inside is established',
    },
    { id: 'all-up', text: 'both say that all is well' },
  ],
  checks: ['silent/vpn/believed', 'silent/inner-tcp/kernels', 'silent/vpn/erased'],
  answer([tunnel, kernels, erased]) {
    const observed = `tunnel: ${said(tunnel)}; TCP: ${said(kernels)}; keys erased after ${words(erased)}`
    if (said(tunnel) !== 'up | up') {
      const isUp = said(kernels) === 'ESTABLISHED | ESTABLISHED'
      return { choice: isUp ? 'tunnel-down-tcp-up' : 'tunnel-down', observed }
    }
    return { choice: 'all-up', observed }
  },
  explanation:
    'Neither asks, so neither can find out. Here that is no harm: the next word makes new keys, in one round trip, and arrives.',
})

const whatIsIt = question({
  id: 'what-is-it',
  text: 'The client has another address; keys are replaced; the server is started anew. Is the tunnel a connection, a session, or neither?',
  choices: [
    { id: 'connection', text: 'a connection: it ends with any of these' },
    { id: 'session', text: 'one session: it lasts through all of these' },
    { id: 'neither', text: 'neither: sessions come and go in it, and what is inside outlives them' },
  ],
  checks: [
    'elsewhere/vpn/same-session',
    'rekey/vpn/second',
    'restarted/vpn/again',
    'restarted/inner-tcp/survives',
  ],
  answer([moved, replaced, again, survives]) {
    const observed = `${words(moved)} over two addresses; new keys after ${words(replaced)}, and ${words(again)} after the start; inside: answered ${words(survives)}`
    if (seen(moved) !== 1 || seen(survives) === null) return { choice: 'connection', observed }
    return { choice: seen(replaced) === null && seen(again) === null ? 'session' : 'neither', observed }
  },
  explanation:
    'A connection is named by addresses, a session by what two ends keep in mind. Both were lost here, one after the other, and the tunnel went on. It is an agreement in two files, from which a session is made whenever somebody has something to say.',
})
