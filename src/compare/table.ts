/**
 * What is compared: kinds of connection, what is asked of each, and the check that answers. Nothing is answered here: a
 * check is named by its lab and its id, and what it says is read from a run.
 */

/** In the order in which one asks: how it begins, how it is while nothing happens, how its end is noticed, what survives. */
export const questions = [
  { id: 'begins', title: 'how it begins' },
  { id: 'idle', title: 'what is sent while nothing is said' },
  { id: 'exit', title: 'the peer ends' },
  { id: 'kill', title: 'the peer is killed' },
  { id: 'freeze', title: 'the peer is frozen' },
  { id: 'reboot', title: "the peer's host starts again" },
  { id: 'power-off', title: "the peer's host loses its power" },
  { id: 'cut', title: 'the cable is cut' },
  { id: 'state', title: 'who holds its state' },
  { id: 'moved', title: 'the client has another address' },
  { id: 'client-restart', title: 'the client is started again' },
  { id: 'server-restart', title: 'the server is started again' },
  { id: 'nat', title: 'a router forgets it' },
  { id: 'many', title: 'what many of them cost' },
] as const
export type QuestionId = (typeof questions)[number]['id']

/** How the end is noticed: the same checks of every row of `lab:keepalive`. */
const FAULTS = ['exit', 'kill', 'freeze', 'reboot', 'power-off', 'cut'] as const

export interface Kind {
  id: string
  title: string
  /** `lab check-id`. What is left out was observed in no lab. */
  answers: Partial<Record<QuestionId, string>>
}

export const kinds: readonly Kind[] = [
  {
    id: 'circuit',
    title: 'circuit',
    answers: {
      begins: 'circuit busy/circuit/answers',
      idle: 'circuit idle/circuit/kept',
      cut: 'circuit cut/circuit/a-told',
      state: 'circuit busy/circuit/owners',
      many: 'circuit talk/circuit/blocked-16',
    },
  },
  {
    id: 'udp',
    title: 'UDP',
    answers: {
      begins: 'udp first-byte/udp/before',
      ...underFaults('udp'),
      state: 'udp goodbye/udp/server',
      nat: 'nat udp/udp-server-first/late-answer',
      many: 'scale burst/at-once/drops',
    },
  },
  {
    id: 'tcp',
    title: 'TCP',
    answers: {
      begins: 'tcp handshake/open/packets',
      idle: 'tcp idle/silent/packets',
      ...underFaults('tcp-idle'),
      state: 'tcp idle/silent/kernels',
      moved: 'vpn elsewhere/plain-tcp/lost',
      'server-restart': 'http restart/durable/connection',
      nat: 'nat silent/server-first/spoke',
      many: 'scale idle/tcp/memory',
    },
  },
  {
    id: 'keepalive',
    title: 'TCP with keepalive',
    answers: {
      begins: 'tcp handshake/open/packets',
      idle: 'http keep-alive/probes/probes',
      ...underFaults('tcp-keepalive'),
      state: 'keepalive cut/tcp-keepalive/no-flag',
      nat: 'nat silent/keepalive-below/refreshed',
    },
  },
  {
    id: 'heartbeat',
    title: 'heartbeat',
    answers: {
      idle: 'scale speaking/heartbeat/heard-1000',
      ...underFaults('tcp-heartbeat'),
      many: 'scale speaking/heartbeat/memory',
    },
  },
  {
    id: 'http',
    title: 'HTTP session',
    answers: {
      begins: 'http theft/fixed-id/renewed',
      idle: 'http keep-alive/persistent/packets',
      ...underFaults('http-session'),
      state: 'http cookie/session-cookie/lives-on',
      'client-restart': 'http cookie/session-cookie/forgotten',
      'server-restart': 'http restart/memory/session',
      many: 'scale sessions/http/memory',
    },
  },
  {
    id: 'tls',
    title: 'TLS resumption',
    answers: {
      begins: 'http tls/ticket/certificate',
      state: 'http tls/ticket/resumed',
    },
  },
  {
    id: 'websocket',
    title: 'WebSocket',
    answers: {
      begins: 'websocket upgrade/ws/order',
      idle: 'websocket upgrade/ws/server-frame',
      ...underFaults('websocket'),
      state: 'websocket cut/ws/idle-open',
      moved: 'websocket laptop/ws/moved-told',
      'server-restart': 'websocket storm/jitter/back',
    },
  },
  {
    id: 'session',
    title: 'session protocol',
    answers: {
      begins: 'session one/tcp/sessions',
      cut: 'session mended/tcp/noticed-client',
      state: 'session several/tcp/connections',
      moved: 'session move/tcp/addresses',
      'client-restart': 'session client-kept/tcp/sessions',
      'server-restart': 'session server-kept/tcp/kept',
    },
  },
  {
    id: 'sip',
    title: 'SIP call',
    answers: {
      begins: 'sip call/udp/flow',
      idle: 'sip call/udp/voice',
      kill: 'sip killed/udp/unnoticed',
      freeze: 'sip frozen/udp/unnoticed',
      cut: 'sip cut-off/udp/unnoticed',
      state: 'sip call/udp/no-connection',
      'server-restart': 'sip proxy/udp/goes-on',
      nat: 'sip nat/udp/unreached',
    },
  },
  {
    id: 'vpn',
    title: 'VPN tunnel',
    answers: {
      begins: 'vpn handshake/vpn/sizes',
      idle: 'vpn idle/vpn/passed',
      kill: 'vpn gone/vpn/unnoticed',
      cut: 'vpn cut/vpn/begins',
      state: 'vpn silent/vpn/believed',
      moved: 'vpn moved/vpn/same-session',
      'server-restart': 'vpn restarted/vpn/again',
      nat: 'vpn nat/vpn/reopened',
    },
  },
]

function underFaults(row: string): Partial<Record<QuestionId, string>> {
  return Object.fromEntries(FAULTS.map((fault) => [fault, `keepalive ${fault}/${row}/detected`]))
}
