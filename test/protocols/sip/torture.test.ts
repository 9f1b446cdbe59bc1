/** Messages of RFC 4475 and RFC 5118, by the names that those give them, written from what they say of them. */
import { describe, expect, test } from 'vitest'
import { readSdp } from '../../../src/protocols/sdp/description.ts'
import { essentialsOf, problemOf } from '../../../src/protocols/sip/checks.ts'
import { TIMING } from '../../../src/protocols/sip/constants.ts'
import { answerChallenge, readChallenge } from '../../../src/protocols/sip/digest.ts'
import {
  headerOf,
  type Message,
  type Request,
  readMessage,
  valuesOf,
} from '../../../src/protocols/sip/message.ts'
import { type ProxyAction, SipProxy } from '../../../src/protocols/sip/proxy.ts'
import { readUri, userOf } from '../../../src/protocols/sip/uri.ts'
import { UserAgent } from '../../../src/protocols/sip/user-agent.ts'
import { FIELDS, options, statusOf } from './options.ts'
import { place } from './two-agents.ts'

describe('RFC 4475, valid', () => {
  test('wsinv: every kind of space, fold, compact name and quotation', () => {
    const lines = [
      'INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0',
      'TO :',
      ' sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n',
      'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>',
      '  ;',
      '  tag = 98asjd8',
      'MaX-fOrWaRdS: 0068',
      'Call-ID: wsinv.ndaksdj@192.0.2.1',
      'Content-Length   : 3',
      'cseq: 0009',
      '  INVITE',
      'Via  : SIP  /   2.0',
      ' /UDP',
      '    192.0.2.2;branch=390skdjuw',
      's :',
      'NewFangledHeader:   newfangled value',
      ' continued newfangled value',
      'UnknownHeaderWithUnusualValue: ;;,,;;,;',
      'Content-Type: application/sdp',
      'Route:',
      ' <sip:services.example.com;lr;unknownwith=value;unknown-no-value>',
      'v:  SIP  / 2.0  / TCP     spindle.example.com   ;',
      '  branch  =   z9hG4bK9ikj8  ,',
      ' SIP  /    2.0   / UDP  192.168.255.111   ; branch=',
      ' z9hG4bK30239',
      'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =',
      '      newvalue ;',
      '  secondparam ; q = 0.33',
      '',
      'v=0',
    ]
    const { message, problem } = readMessage(Buffer.from(lines.join('\r\n')))
    expect(problem).toBeNull()
    if (message === null) throw new Error('nothing was read')
    expect(problemOf(message)).toBeNull()
    const { vias, from, to, cseq } = essentialsOf(message)
    expect(vias.map(({ transport, host }) => [transport, host])).toEqual([
      ['UDP', '192.0.2.2'],
      ['TCP', 'spindle.example.com'],
      ['UDP', '192.168.255.111'],
    ])
    expect([from.name, from.parameters.get('tag'), to.parameters.get('tag')]).toEqual([
      'J Rosenberg \\"',
      '98asjd8',
      '1918181833n',
    ])
    expect(cseq).toEqual({ number: 9, method: 'INVITE' })
    expect(headerOf(message, 'Newfangledheader')).toBe('newfangled value continued newfangled value')
    expect(message.body.toString()).toBe('v=0')
  })

  test('intmeth: a method of every letter that a token may have', () => {
    const method = "!interesting-Method0123456789_*+`.%indeed'~"
    const uri =
      "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com"
    expect(statusOf(options({ CSeq: `139122385 ${method}` }, `${method} ${uri} SIP/2.0`))).toBeNull()
  })

  test('esc01, escnull: a user is what its escapes stand for', () => {
    expect(userOf(readUri('sip:sips%3Auser%40example.com@example.net'))).toBe('sips:user@example.com')
    expect(userOf(readUri('sip:null-%00-null@example.com'))).toBe('null-\0-null')
  })

  test('semiuri: a user with parameters of its own', () => {
    expect(userOf(readUri('sip:user;par=u%40example.net@example.com'))).toBe('user;par=u@example.net')
  })

  test.each([
    [
      'esc02: a method that looks escaped',
      options({ CSeq: '1 RE%47IST%45R' }, 'RE%47IST%45R sip:a.example.com SIP/2.0'),
    ],
    ['lwsdisp: no space before <', options({ From: 'caller<sip:caller@example.com>;tag=323' })],
    [
      'transports: of any name',
      options({ Via: 'SIP/2.0/UNKNOWN t1.example.com;branch=z9hG4bK1,SIP/2.0/SCTP t2.example.com' }),
    ],
    ['unreason: a reason in any letters', options({}, 'SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd')],
    ['noreason: none', options({}, 'SIP/2.0 100 ')],
    ['zeromf: no hop left, which only a proxy minds', options({ 'Max-Forwards': '0' })],
    [
      'inv2543: as before 2002, without branch and tags',
      options({
        Via: 'SIP/2.0/UDP iftgw.example.com',
        From: '<sip:+13035551111@ift.client.example.net;user=phone>',
      }),
    ],
    ['badbranch: only the cookie', options({ Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK' })],
    [
      'unkscm: an address of an unknown kind, whom it is for says 416',
      options({}, 'OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0'),
    ],
    ['novelsc', options({}, 'OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0')],
    [
      'dblreq: what follows the first message of a datagram is none',
      options({ 'Content-Length': '0' }, undefined, 'INVITE sip:joe@example.com SIP/2.0\r\n'),
    ],
  ])('%s', (_, bytes) => expect(statusOf(bytes)).toBeNull())
})

describe('RFC 4475, invalid', () => {
  test.each<[string, Buffer, number]>([
    ['badinv01: separators without values', options({ Contact: '"Joe" <sip:joe@example.org>;;;;' }), 400],
    ['badinv01: the same in Via', options({ Via: 'SIP/2.0/UDP 192.0.2.15;;,;,,' }), 400],
    ['clerr: less body than was said', options({ 'Content-Length': '9999' }), 400],
    ['ncl: a negative length', options({ 'Content-Length': '-999' }), 400],
    ['scalar02: a number that no computer has', options({ CSeq: '36893488147419103232 OPTIONS' }), 400],
    ['scalar02: hops', options({ 'Max-Forwards': '300' }), 400],
    ['scalar02: seconds', options({ Expires: '10000000000000000000000000000000000000000000000000000' }), 400],
    [
      'scalar02: seconds of a contact',
      options({ Contact: '<sip:a@example.org>;expires=280297596632815' }),
      400,
    ],
    ['quotbal: a quotation that does not end', options({ To: '"Mr. J. User <sip:j.user@example.com>' }), 400],
    ['ltgtruri', options({}, 'OPTIONS <sip:user@example.com> SIP/2.0'), 400],
    ['lwsruri', options({}, 'OPTIONS sip:user@example.com; lr SIP/2.0'), 400],
    ['lwsstart', options({}, 'OPTIONS  sip:user@example.com  SIP/2.0'), 400],
    ['trws', options({}, 'OPTIONS sip:user@example.com SIP/2.0  '), 400],
    ['escruri', options({}, 'OPTIONS sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0'), 400],
    ['baddate', options({ Date: 'Fri, 01 Jan 2010 16:00:00 EST' }), 400],
    ['regbadct', options({ Contact: 'sip:user@example.com?Route=%3Csip:sip.example.com%3E' }), 400],
    ['badaspec', options({ To: '"Watson, Thomas" < sip:t.watson@example.org >' }), 400],
    ['baddn', options({ From: 'Bell, Alexander <sip:a.g.bell@example.com>;tag=43' }), 400],
    ['badvers', options({}, 'OPTIONS sip:t.watson@example.org SIP/7.0'), 505],
    ['mismatch01', options({ CSeq: '8 INVITE' }), 400],
    ['mismatch02', options({ CSeq: '8 INVITE' }, 'NEWMETHOD sip:user@example.com SIP/2.0'), 400],
    ['bigcode', options({}, 'SIP/2.0 4294967301 better not break'), 400],
    [
      'scalarlg: an answer',
      options({ 'Retry-After': '949302838503028349304023988' }, 'SIP/2.0 503 Service Unavailable'),
      400,
    ],
    ['insuf', options({ 'Call-ID': null, From: null, To: null }), 400],
    ['multi01: twice what is once', options({ from: '<sip:other@example.net>;tag=3' }), 400],
    ['mcl01: two lengths', options({ 'Content-Length': '0', l: '5' }), 400],
  ])('%s', (_, bytes, status) => expect(statusOf(bytes)).toBe(status))
})

describe('RFC 5118', () => {
  test.each<[string, Buffer, number | null]>([
    ['4.1 an address in brackets', options({}, 'OPTIONS sip:[2001:db8::10] SIP/2.0'), null],
    ['4.2 without them', options({}, 'OPTIONS sip:2001:db8::10 SIP/2.0'), 400],
    ['4.3 a port that is part of the address', options({}, 'OPTIONS sip:[2001:db8::10:5070] SIP/2.0'), null],
    ['4.4 a port', options({}, 'OPTIONS sip:[2001:db8::10]:5070 SIP/2.0'), null],
    [
      '4.5 received without brackets',
      options({ Via: 'SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3' }),
      null,
    ],
    [
      '4.5 received with brackets',
      options({ Via: 'SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3' }),
      null,
    ],
    [
      '4.7 both families',
      options({
        Via: 'SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3, SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKfe',
      }),
      null,
    ],
    ['4.9 an IPv4 address in one', options({}, 'OPTIONS sip:user@[::ffff:192.0.2.10] SIP/2.0'), null],
    [
      '4.10 three colons, as the grammar of RFC 3261 allowed',
      options({}, 'OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0'),
      null,
    ],
  ])('%s', (_, bytes, status) => expect(statusOf(bytes)).toBe(status))

  test('4.3 and 4.4 say different things', () => {
    expect(readUri('sip:[2001:db8::10:5070]')).toMatchObject({ host: '[2001:db8::10:5070]', port: null })
    expect(readUri('sip:[2001:db8::10]:5070')).toMatchObject({ host: '[2001:db8::10]', port: 5070 })
  })
})

describe('RFC 4475, valid and long', () => {
  test('longreq: a name of hundreds of letters, many fields that nobody knows, thirty steps', () => {
    const vias = Array.from(
      { length: 34 },
      (_, step) => `SIP/2.0/TCP sip${step}.example.com;branch=z9hG4bK${step}`,
    )
    const unknown = Object.fromEntries(
      Array.from({ length: 60 }, (_, number) => [`Unknown-${'Long'.repeat(number)}`, 'value '.repeat(20)]),
    )
    const name = `"I have a user name of ${'extreme '.repeat(40)}proportion"`
    const from = `${name} <sip:amazinglylongcallername@example.net>;tag=12982${'424'.repeat(50)};unknown=${'x'.repeat(200)}`
    const { message, problem } = readMessage(options({ Via: vias.join(','), From: from, ...unknown }))
    if (message === null) throw new Error(`not read: ${problem?.message}`)
    expect(problemOf(message)).toBeNull()
    const essentials = essentialsOf(message)
    expect(essentials.vias.map(({ host }) => host)).toEqual(vias.map((_, step) => `sip${step}.example.com`))
    expect(essentials.from.parameters.get('tag')).toHaveLength(5 + 150)
  })

  test('mpart01: a body of several parts, one of them any octets, is as long as it says', () => {
    const body = Buffer.from([
      ...Buffer.from('--7a9c\r\nContent-Transfer-Encoding: binary\r\n\r\n'),
      0,
      13,
      10,
      13,
      10,
      255,
    ])
    const head = options({
      'Content-Type': 'multipart/mixed;boundary=7a9c',
      'Content-Length': String(body.length),
    })
    expect(readMessage(Buffer.concat([head, body, Buffer.from('beyond')])).message?.body).toEqual(body)
  })
})

/** What a telephone answers: statuses, without the 100 that says nothing yet. */
function answersOf(bytes: Buffer): { status: number; message: Message }[] {
  let tokens = 0
  const agent = new UserAgent({
    user: 'user',
    place: place(2),
    timing: TIMING,
    makeToken: () => `token${++tokens}`,
  })
  return agent.receive(readMessage(bytes), place(1), 0).flatMap((action) => {
    if (action.do !== 'send' || action.message.kind !== 'response') return []
    return [{ status: action.message.status, message: action.message }]
  })
}

const CALLED = { CSeq: '8 INVITE', Contact: '<sip:caller@10.0.1.1>' }
const INVITE_LINE = 'INVITE sip:user@10.0.1.2 SIP/2.0'
const SDP =
  'v=0\r\no=mhandley 29739 7272939 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49217 RTP/AVP 0 12\r\n'

describe('RFC 4475, what a telephone answers', () => {
  test.each<[string, Buffer, number]>([
    [
      'invut: a body of a kind that nobody knows',
      options({ ...CALLED, 'Content-Type': 'application/unknownformat' }, INVITE_LINE, '<audio/>'),
      415,
    ],
    [
      'sdp01: it wants an answer that is no SDP',
      options(
        { ...CALLED, Accept: 'text/nobodyKnowsThis', 'Content-Type': 'application/sdp' },
        INVITE_LINE,
        SDP,
      ),
      406,
    ],
    [
      'bext01: it requires what nobody supports',
      options({ Require: 'nothingSupportsThis, nothingSupportsThisEither' }),
      420,
    ],
    [
      'unkscm: an address of no kind that is known',
      options({}, 'OPTIONS nobodyKnowsThisScheme:totallyopaque SIP/2.0'),
      416,
    ],
    ['novelsc: an address of another kind', options({}, 'OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0'), 416],
    [
      'mpart01: a method that a telephone does not have',
      options({ CSeq: '1 MESSAGE' }, 'MESSAGE sip:user@10.0.1.2 SIP/2.0'),
      405,
    ],
    ['zeromf: no hop is left, and none is needed', options({ 'Max-Forwards': '0' }), 200],
  ])('%s', (_, bytes, status) => expect(answersOf(bytes).map((one) => one.status)).toEqual([status]))

  test('bext01: and it says which', () => {
    const [answer] = answersOf(options({ Require: 'nothingSupportsThis' }))
    expect(answer && headerOf(answer.message, 'Unsupported')).toBe('nothingSupportsThis')
  })

  test.each<[string, number]>([
    ['*/*', 180],
    ['application/*', 180],
    ['text/plain, application/sdp;level=1', 180],
    // Section 20.1: an empty one takes nothing.
    ['', 406],
  ])('beside sdp01, Accept: %s', (accepted, status) => {
    const fields = { ...CALLED, Accept: accepted, 'Content-Type': 'application/sdp' }
    expect(answersOf(options(fields, INVITE_LINE, SDP)).map((one) => one.status)).toEqual([status])
  })
})

const ANSWER_TO_NOBODY = options(
  {
    Via: `SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923, SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23, ${FIELDS.Via}`,
  },
  'SIP/2.0 200 OK',
)

describe('RFC 4475, what a registrar and proxy does', () => {
  const password = 'a fisherman'
  const REGISTER_LINE = 'REGISTER sip:10.0.1.2 SIP/2.0'
  const registering = { To: '<sip:bob@10.0.1.2>', From: '<sip:bob@10.0.1.2>;tag=8' }
  function proxy() {
    let tokens = 0
    const made = new SipProxy({
      place: place(2),
      realm: '10.0.1.2',
      passwords: new Map([['bob', password]]),
      seconds: { min: 60, max: 3600 },
      isRecordRouting: false,
      algorithms: ['SHA-256', 'MD5'],
      timing: TIMING,
      key: Buffer.alloc(32, 1),
      makeToken: () => `token${++tokens}`,
    })
    return (bytes: Buffer) => made.receive(readMessage(bytes), place(1), 0)
  }
  const sentOf = (actions: ProxyAction[]) =>
    actions.flatMap((one) => (one.do === 'send' ? [one.message] : []))
  const statuses = (actions: ProxyAction[]) =>
    sentOf(actions).flatMap((one) => (one.kind === 'response' ? [one.status] : []))

  /** With the right proof. @returns what is said of it, and what is sent to that contact when bob is called then */
  function registerAndCall(contact: string): { registered: ProxyAction[]; passedOn: Request | undefined } {
    const ask = proxy()
    const challenges = sentOf(ask(options({ ...registering, CSeq: '1 REGISTER' }, REGISTER_LINE))).flatMap(
      (one) =>
        one.headers.flatMap(({ name, value }) => (name === 'WWW-Authenticate' ? [readChallenge(value)] : [])),
    )
    const [challenge] = challenges
    if (!challenge) throw new Error('not challenged')
    const who = { username: 'bob', password, method: 'REGISTER', uri: 'sip:10.0.1.2', cnonce: 'c', uses: 1 }
    const fields = { ...registering, CSeq: '2 REGISTER', Contact: contact, Via: `${FIELDS.Via}2` }
    const registered = ask(
      options({ ...fields, Authorization: answerChallenge(challenge, who) }, REGISTER_LINE),
    )
    const call = { ...CALLED, Via: `${FIELDS.Via}3` }
    const passedOn = sentOf(ask(options(call, 'INVITE sip:bob@10.0.1.2 SIP/2.0'))).find(
      (one): one is Request => one.kind === 'request',
    )
    return { registered, passedOn }
  }

  test('regaut01: a scheme of proof that nobody knows is as none', () => {
    const fields = {
      ...registering,
      CSeq: '9338 REGISTER',
      Authorization: 'NoOneKnowsThisScheme opaque-data=here',
    }
    expect(statuses(proxy()(options(fields, REGISTER_LINE)))).toEqual([401])
  })

  test('unksm2: who registers has an address of SIP', () => {
    const fields = { ...registering, To: '<isbn:2983792873>', CSeq: '234902 REGISTER' }
    expect(statuses(proxy()(options(fields, REGISTER_LINE)))).toEqual([400])
  })

  test.each([
    [
      'cparam01: without <>, it is of the field',
      'sip:+19725552222@10.0.1.9;unknownparam',
      'sip:+19725552222@10.0.1.9',
    ],
    [
      'cparam02: within <>, it is of the address',
      '<sip:+19725552222@10.0.1.9;unknownparam>',
      'sip:+19725552222@10.0.1.9;unknownparam',
    ],
  ])('%s', (_, contact, known) => {
    const { registered, passedOn } = registerAndCall(contact)
    expect(registered).toContainEqual(expect.objectContaining({ do: 'binding-added', contact: known }))
    expect(passedOn?.target).toBe(known)
  })

  test('regescrt: fields within the address are kept, and never come into the first line of a request', () => {
    const uri = 'sip:user@10.0.1.9?Route=%3Csip:sip.example.com%3E'
    const { registered, passedOn } = registerAndCall(`<${uri}>`)
    expect(registered).toContainEqual(expect.objectContaining({ do: 'binding-added', contact: uri }))
    expect(passedOn?.target).toBe('sip:user@10.0.1.9')
    expect(passedOn && valuesOf(passedOn, 'Route')).toEqual([])
  })

  test('zeromf: no hop is left', () => {
    const fields = { 'Max-Forwards': '0' }
    expect(statuses(proxy()(options(fields, 'OPTIONS sip:bob@10.0.1.2 SIP/2.0')))).toEqual([483])
  })

  test('bcast: an answer to nothing that was asked goes nowhere, and not to everybody', () => {
    expect(statusOf(ANSWER_TO_NOBODY)).toBeNull()
    expect(sentOf(proxy()(ANSWER_TO_NOBODY))).toEqual([])
    expect(answersOf(ANSWER_TO_NOBODY)).toEqual([])
  })
})

describe('RFC 5118, in SDP', () => {
  const about = (lines: string[]) => readSdp(Buffer.from(['v=0', ...lines, ''].join('\r\n')))
  test('4.6 an IPv6 address', () => {
    const read = about([
      'o=assistant 971731711378798081 0 IN IP6 2001:db8::20',
      's=-',
      'c=IN IP6 2001:db8::20',
      't=0 0',
      'm=audio 6000 RTP/AVP 97',
    ])
    expect(read).toMatchObject({ address: '2001:db8::20', media: [{ port: 6000, address: null }] })
  })
  test('4.8 both families, each for a stream', () => {
    const read = about([
      'o=bob 280744730 28977631 IN IP4 host.example.com',
      's=-',
      't=0 0',
      'm=audio 22334 RTP/AVP 0',
      'c=IN IP4 192.0.2.1',
      'm=video 6024 RTP/AVP 107',
      'c=IN IP6 2001:db8::1',
    ])
    expect(read?.media.map(({ address }) => address)).toEqual(['192.0.2.1', '2001:db8::1'])
  })
})
