import { describe, expect, test } from 'vitest'
import { groupOf } from '../../src/wire/group.ts'
import { labelOf } from '../../src/wire/label.ts'
import { decodePacket, flagNames } from '../../src/wire/packet.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

const ethernetIpv4 = '02000a000102 02000a000101 0800'
/** 10.0.1.1 to 10.0.1.2, identification 0x1267, do not fragment. */
const ipv4 = (protocol: string, totalBytes: number) =>
  `4500 ${totalBytes.toString(16).padStart(4, '0')} 1267 4000 40 ${protocol} 0000 0a000101 0a000102`
/** 54322 to 37667, with timestamps: TSval 0xe2125e4d. */
const tcp = (flags: string) =>
  `d432 9323 958a1a2b 483a5c7e 80 ${flags} 00fb 0000 0000 0101080a e2125e4d e4620e27`
const udp = (payloadBytes: number) => `e686 b148 ${(8 + payloadBytes).toString(16).padStart(4, '0')} 0000`

const tcpSegment = (flags: string, payload: string) =>
  hex(`${ethernetIpv4} ${ipv4('06', 52 + hex(payload).length)} ${tcp(flags)} ${payload}`)
const textSegment = (text: string) => tcpSegment('18', Buffer.from(text).toString('hex'))
/** The last byte of an address of fd00:0:0:1::/64. */
const address6 = (last: number) => `fd00 0000 0000 0001 0000 0000 0000 000${last}`
const ipv6 = (next: string, insideBytes: number, [from, to] = [1, 2]) =>
  `6002 a1b2 ${insideBytes.toString(16).padStart(4, '0')} ${next} 40 ${address6(from)} ${address6(to)}`
const ethernetIpv6 = '02000a000102 02000a000101 86dd'
const segment6 = hex(`${ethernetIpv6} ${ipv6('06', 39)} ${tcp('18')} 50494e4720310a`)
/** Port unreachable, from fd00:0:0:1::2. */
const icmpv6Error = hex(`${ethernetIpv6} ${ipv6('3a', 69, [2, 1])}
  01 04 0000 00000000 ${ipv6('11', 21)} ${udp(13)} 7374696c6c20686572652030 0a`)

/** An ICMP error from 10.0.1.2 about a datagram from 10.0.1.1:59014 to 10.0.1.2:45384. */
const icmpError = (type: string, code: string) =>
  hex(`02000a000101 02000a000102 0800
    45c0 0038 0001 0000 40 01 0000 0a000102 0a000101
    ${type} ${code} 0000 00000000 ${ipv4('11', 41)} ${udp(13)}`)

describe('decodePacket()', () => {
  test('TCP: ports, numbers, the timestamps option behind padding, payload', () => {
    expect(decodePacket(textSegment('PING 1\n'))).toEqual({
      protocol: 'tcp',
      source: '10.0.1.1:54322',
      destination: '10.0.1.2:37667',
      identification: 0x1267,
      flags: 0x18,
      sequence: 0x958a1a2b,
      acknowledgment: 0x483a5c7e,
      window: 251,
      timestamp: 0xe2125e4d,
      bytes: 7,
      payload: Buffer.from('PING 1\n'),
    })
  })

  test('a segment of which only the beginning was kept has its length all the same', () => {
    const whole = textSegment('x'.repeat(1000))
    expect(decodePacket(whole.subarray(0, 446))).toMatchObject({ bytes: 1000, payload: { length: 380 } })
  })

  test('what Ethernet pads is no payload', () => {
    expect(decodePacket(Buffer.concat([tcpSegment('10', ''), Buffer.alloc(6)]))).toMatchObject({ bytes: 0 })
  })

  test('UDP', () => {
    const datagram = hex(`${ethernetIpv4} ${ipv4('11', 41)} ${udp(13)} 7374696c6c20686572652030 0a`)
    expect(decodePacket(datagram)).toMatchObject({
      protocol: 'udp',
      source: '10.0.1.1:59014',
      destination: '10.0.1.2:45384',
      bytes: 13,
    })
  })

  test('fragments: the first has the ports, each later one says where it belongs', () => {
    const fragment = (flagsAndOffset: string) =>
      decodePacket(hex(`${ethernetIpv4} ${ipv4('11', 41).replace('4000', flagsAndOffset)} ${udp(13)}`))
    expect(fragment('2000')).toMatchObject({ protocol: 'udp', moreFragments: true, bytes: 13 })
    expect(fragment('0010')).toMatchObject({
      protocol: 'fragment',
      source: '10.0.1.1',
      destination: '10.0.1.2',
      identification: 0x1267,
      offsetBytes: 128,
      bytes: 21,
    })
    expect(labelOf(fragment('0010'))).toBe('from byte 128')
  })

  test('an ICMP error has the ends of the packet that it is about', () => {
    expect(decodePacket(icmpError('03', '03'))).toMatchObject({
      protocol: 'icmp',
      source: '10.0.1.2',
      destination: '10.0.1.1',
      type: 3,
      code: 3,
      about: { source: '10.0.1.1:59014', destination: '10.0.1.2:45384' },
    })
  })

  test('IPv6: the address is in brackets, the rest as over IPv4', () => {
    expect(decodePacket(segment6)).toMatchObject({
      protocol: 'tcp',
      source: '[fd00:0:0:1::1]:54322',
      destination: '[fd00:0:0:1::2]:37667',
      identification: 0,
      timestamp: 0xe2125e4d,
      bytes: 7,
    })
    expect(labelOf(decodePacket(segment6))).toBe('PING 1')
  })

  test('IPv6 behind extension headers, of which one may be a fragment', () => {
    const options = (next: string) => `${next} 00 0000 00000000`
    const datagram = (field: string) =>
      decodePacket(
        hex(`${ethernetIpv6} ${ipv6('00', 37)} ${options('2c')} 11 00 ${field} 00012345 ${udp(13)}
          7374696c6c20686572652030 0a`),
      )
    const first = { protocol: 'udp', source: '[fd00:0:0:1::1]:59014', moreFragments: true, bytes: 13 }
    expect(datagram('0001')).toMatchObject({ ...first, identification: 0x12345 })
    const later = { protocol: 'fragment', source: '[fd00:0:0:1::1]', offsetBytes: 128, bytes: 21 }
    expect(datagram('0081')).toMatchObject({ ...later, identification: 0x12345 })
  })

  test('an ICMPv6 error, too', () => {
    const packet = decodePacket(icmpv6Error)
    const about = { source: '[fd00:0:0:1::1]:59014', destination: '[fd00:0:0:1::2]:45384' }
    expect(packet).toMatchObject({ protocol: 'icmp', isError: true, about })
    expect(labelOf(packet)).toBe('port unreachable')
    expect(groupOf(packet, new Map([['[fd00:0:0:1::2]:45384', 'udp']]))).toBe('udp:59014')
    // The same numbers say something else there (RFC 4443 section 3.3).
    const expired = Buffer.from(icmpv6Error)
    expired[54] = 3
    expired[55] = 0
    expect(labelOf(decodePacket(expired))).toBe('hop limit exceeded')
  })

  test('ARP', () => {
    const request = hex(`ffffffffffff 02000a000101 0806
      0001 0800 06 04 0001 02000a000101 0a000101 000000000000 0a000102`)
    expect(decodePacket(request)).toEqual({
      protocol: 'arp',
      source: '10.0.1.1',
      destination: '10.0.1.2',
      isRequest: true,
      senderMac: '02:00:0a:00:01:01',
    })
  })

  test.each<[string, string]>([
    ['nothing at all', ''],
    ['half an IPv6 header', '3333ff40ecd2 caaa4a40ecd2 86dd 6000'],
    ['IPv6 whose extension header does not end', `${ethernetIpv6} ${ipv6('00', 8)} 06 ff 0000 00000000`],
    ['IPv6 that is followed by nothing we know', `${ethernetIpv6} ${ipv6('3b', 0)}`],
    ['half an IPv4 header', `${ethernetIpv4} 4500 0034 1267`],
    ['an IPv4 header that says it is shorter than it is', `${ethernetIpv4} 4100 0034 ${'00'.repeat(30)}`],
    ['half a TCP header', `${ethernetIpv4} ${ipv4('06', 52)} d432 9323 958a`],
    [
      'a TCP header longer than the packet',
      `${ethernetIpv4} ${ipv4('06', 40)} ${tcp('10').replace(' 80 ', ' f0 ')}`,
    ],
  ])('%s is other', (_, bytes) => {
    expect(decodePacket(hex(bytes)).protocol).toBe('other')
  })

  test('an option that says it has no length ends the options', () => {
    const options = tcp('10').replace('0101080a', '01080000')
    expect(decodePacket(hex(`${ethernetIpv4} ${ipv4('06', 52)} ${options}`))).toMatchObject({
      protocol: 'tcp',
      timestamp: null,
    })
  })

  test('no beginning of a packet throws', () => {
    for (const frame of [textSegment('GET / HTTP/1.1\r\n'), icmpError('03', '03'), segment6, icmpv6Error]) {
      for (let length = 0; length <= frame.length; length++) {
        const packet = decodePacket(frame.subarray(0, length))
        labelOf(packet)
        groupOf(packet, new Map())
      }
    }
  })
})

test('flags are named in the order of their bits', () => {
  expect([0x02, 0x12, 0x18, 0x11, 0x04].map(flagNames)).toEqual([
    'SYN',
    'SYN ACK',
    'PSH ACK',
    'FIN ACK',
    'RST',
  ])
})

describe('labelOf()', () => {
  test.each<[string, string | undefined]>([
    ['PING 17\nPING 18\n', 'PING 17'],
    ['GET /visits HTTP/1.1\r\nHost: b\r\n\r\n', 'GET /visits'],
    ['HTTP/1.1 204 No Content\r\n\r\n', '204'],
    ['INVITE sip:bob@10.0.1.2:5060 SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n', 'INVITE sip:bob@10.0.1.2:5060'],
    ['SIP/2.0 180 Ringing\r\nTo: b\r\ncseq : 7  INVITE\r\n\r\n', '180 Ringing (INVITE)'],
    [
      'SIP/2.0 481 Call/Transaction Does Not Exist\r\nCSeq: 2 BYE\r\n\r\n',
      '481 Call/Transaction Does Not Exis (BYE)',
    ],
    ['SIP/2.0 200 OK\r\nTo: b\r\n\r\n', '200 OK'],
    ['a line that is longer than what fits on an arrow\n', 'a line that is longer than what fits on '],
    ['\x1b[31mred\n', undefined],
    ['\n', undefined],
  ])('text %j is %j', (text, label) => {
    expect(labelOf(decodePacket(textSegment(text)))).toBe(label)
  })

  test.each<[string, string | undefined]>([
    ['89 01 30', 'ws ping'],
    ['8a 81 01020304 31', 'ws pong'],
    ['88 02 03e8', 'ws close'],
    ['89 01 30 89 01 31', undefined], // two frames: not so simple
    ['0001 0000 2112a442 000000000000000000000000', 'STUN request'],
    ['0101 0000 2112a442 000000000000000000000000', 'STUN answer'],
    ['c3 a4', undefined],
  ])('bytes %s are %s', (payload, label) => {
    expect(labelOf(decodePacket(tcpSegment('18', payload)))).toBe(label)
  })

  test('ICMP says what is unreachable', () => {
    expect(labelOf(decodePacket(icmpError('03', '03')))).toBe('port unreachable')
    expect(labelOf(decodePacket(icmpError('08', '00')))).toBeUndefined()
  })
})

describe('groupOf()', () => {
  test('is the mechanism of the server and the port of the client, in both directions', () => {
    const packet = decodePacket(textSegment('x'))
    expect(groupOf(packet, new Map([['10.0.1.2:37667', 'tcp-idle']]))).toBe('tcp-idle:54322')
    expect(groupOf(packet, new Map([['10.0.1.1:54322', 'tcp-idle']]))).toBe('tcp-idle:37667')
    expect(groupOf(packet, new Map([['10.0.9.9:37667', 'tcp-idle']]))).toBeUndefined()
  })

  test('an ICMP error belongs to what it is about', () => {
    expect(groupOf(decodePacket(icmpError('03', '03')), new Map([['10.0.1.2:45384', 'udp']]))).toBe(
      'udp:59014',
    )
  })
})
