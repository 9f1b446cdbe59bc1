/** Messages of RFC 4475 and RFC 5118, written from what those say of them, and whatever else a network may bring. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSdp, writeSdp } from '../../../src/protocols/sdp/description.ts'
import { essentialsOf, problemOf } from '../../../src/protocols/sip/checks.ts'
import { headerOf, readMessage, valuesOf, writeMessage } from '../../../src/protocols/sip/message.ts'
import { MessageStream } from '../../../src/protocols/sip/stream.ts'
import { readUri, userOf } from '../../../src/protocols/sip/uri.ts'

const FIELDS = {
  Via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
  From: '<sip:caller@example.org>;tag=1',
  To: '<sip:user@example.com>',
  'Call-ID': 'one@example.org',
  CSeq: '1 OPTIONS',
  'Max-Forwards': '70',
}

/** OPTIONS with these fields instead of, or beside, the usual ones. null: left out. */
function options(
  changed: Record<string, string | null> = {},
  line = 'OPTIONS sip:user@example.com SIP/2.0',
  body = '',
) {
  const fields = Object.entries({ ...FIELDS, ...changed }).filter(([, value]) => value !== null)
  const text = [line, ...fields.map(([name, value]) => `${name}: ${value}`), '', body].join('\r\n')
  return Buffer.from(text, 'latin1')
}

function statusOf(bytes: Buffer): number | null {
  const { message, problem } = readMessage(bytes)
  return (problem ?? (message && problemOf(message)))?.status ?? null
}

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
    [
      'unreason: a reason in any letters',
      Buffer.from(`SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\r\n${fieldsOnly()}`, 'latin1'),
    ],
    ['noreason: none', Buffer.from(`SIP/2.0 100 \r\n${fieldsOnly()}`)],
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

function fieldsOnly(): string {
  return `${Object.entries(FIELDS)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\r\n')}\r\n\r\n`
}

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
    ['bigcode', Buffer.from(`SIP/2.0 4294967301 better not break\r\n${fieldsOnly()}`), 400],
    [
      'scalarlg: an answer',
      Buffer.from(
        `SIP/2.0 503 Service Unavailable\r\nRetry-After: 949302838503028349304023988\r\n${fieldsOnly()}`,
      ),
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

describe('limits', () => {
  test('fields, head, values', () => {
    expect(statusOf(options({}, `OPTIONS sip:a SIP/2.0${'\r\nX: y'.repeat(500)}`))).toBe(513)
    expect(statusOf(options({ X: 'y'.repeat(40_000) }))).toBe(513)
    expect(statusOf(options({ Via: Array(100).fill(FIELDS.Via).join(',') }))).toBe(400)
  })
})

describe('a stream', () => {
  const body = 'v=0'
  const bytes = Buffer.concat([options({ 'Content-Length': '3' }, undefined, body), options({ l: '0' })])
  test('is cut by Content-Length, however it arrives', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 20 }), (sizes) => {
        const stream = new MessageStream()
        const cuts: string[] = []
        let at = 0
        for (const size of [...sizes, bytes.length]) {
          stream.push(bytes.subarray(at, at + size))
          at += size
          for (let cut = stream.next(); cut !== 'incomplete'; cut = stream.next())
            cuts.push(typeof cut === 'string' ? cut : `${cut.message?.body}`)
        }
        expect(cuts).toEqual(['v=0', ''])
      }),
      { numRuns: 50 },
    )
  })
  test('may be pinged between messages; without a length it is broken', () => {
    const stream = new MessageStream()
    stream.push(Buffer.from('\r\n\r\n\r\n'))
    expect([stream.next(), stream.next(), stream.next()]).toEqual(['ping', 'pong', 'incomplete'])
    stream.push(options())
    expect([stream.next(), stream.next()]).toEqual(['broken', 'broken'])
  })
  test('that never ends a head is broken', () => {
    const stream = new MessageStream()
    stream.push(Buffer.from(`OPTIONS sip:a SIP/2.0\r\nX: ${'y'.repeat(40_000)}`))
    expect(stream.next()).toBe('broken')
  })
})

describe('anything', () => {
  const pieces = fc.constantFrom(
    '\r\n',
    '\r\n ',
    ':',
    ';',
    ',',
    '"',
    '<',
    '>',
    '@',
    'Via: SIP/2.0/UDP a',
    'INVITE sip:a SIP/2.0',
    'tag=',
    '\0',
    '%',
    '[::]',
    '\xff',
  )
  const text = fc
    .array(fc.oneof(pieces, fc.string({ maxLength: 5, unit: 'binary' })), { maxLength: 40 })
    .map((all) => all.join(''))
  test('is read or refused, and what was read is written so that it reads the same', () => {
    const nearly = fc.tuple(text, fc.nat()).map(([more, at]) => {
      const right = options().toString('latin1')
      return `${right.slice(0, at % right.length)}${more}${right.slice(at % right.length)}`
    })
    fc.assert(
      fc.property(fc.oneof(text, nearly), (one) => {
        const { message, problem } = readMessage(Buffer.from(one, 'latin1'))
        if (message === null || problem !== null || problemOf(message) !== null) return
        const again = readMessage(writeMessage(message)).message
        expect(again && valuesOf(again, 'Via')).toEqual(valuesOf(message, 'Via'))
        expect(again && essentialsOf(again)).toEqual(essentialsOf(message))
      }),
      { numRuns: 500 },
    )
  })
  test('of SDP too', () => {
    const right =
      'v=0\r\no=- 1 1 IN IP4 10.0.1.1\r\ns=-\r\nc=IN IP4 10.0.1.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8\r\na=sendrecv\r\n'
    fc.assert(
      fc.property(fc.nat(right.length), fc.string({ unit: 'binary', maxLength: 8 }), (at, more) => {
        const read = readSdp(Buffer.from(right.slice(0, at) + more + right.slice(at), 'latin1'))
        if (read !== null) expect(readSdp(writeSdp(read))).toEqual(read)
      }),
      { numRuns: 300 },
    )
  })
})
