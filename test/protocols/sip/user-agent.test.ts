/** Calls between two telephones that have no sockets: what they say, when, and what they take for true. */
import { describe, expect, test } from 'vitest'
import { callTransitions } from '../../../src/protocols/sip/call.ts'
import { responseTo } from '../../../src/protocols/sip/compose.ts'
import { SESSION_SECONDS_MIN } from '../../../src/protocols/sip/constants.ts'
import { headerOf, readMessage, valuesOf, writeMessage } from '../../../src/protocols/sip/message.ts'
import { registrationTransitions } from '../../../src/protocols/sip/registration.ts'
import { place, TwoAgents } from './two-agents.ts'

const session = { seconds: SESSION_SECONDS_MIN, refresher: 'uac' as const, minSeconds: SESSION_SECONDS_MIN }

describe('a call', () => {
  test('is INVITE, 180, 200, ACK; BYE, 200', () => {
    const two = new TwoAgents()
    const call = two.call()
    two.pickUp()
    two.do('a', two.a.hangUp(call, 0))
    expect(two.what()).toEqual(['INVITE', '180 INVITE', '200 INVITE', 'ACK', 'BYE', '200 BYE'])
    expect(two.heard('media').map(({ at, action }) => action.do === 'media' && [at, action.agreed])).toEqual([
      ['a', { remoteAddress: '10.0.1.2', remotePort: 4000, payloadType: 0, direction: 'sendrecv' }],
      ['b', { remoteAddress: '10.0.1.1', remotePort: 4000, payloadType: 0, direction: 'sendrecv' }],
    ])
    expect(two.heard('ended').map(({ at, action }) => action.do === 'ended' && [at, action.because])).toEqual(
      [
        ['b', 'bye'],
        ['a', 'hung-up'],
      ],
    )
    two.pass(64_000)
    expect(two.a.dueAtMs).toBe(Infinity)
    expect(two.b.dueAtMs).toBe(Infinity)
  })

  test('is cancelled while it rings: 200 for CANCEL, 487 for INVITE', () => {
    const two = new TwoAgents()
    const call = two.call()
    two.do('a', two.a.hangUp(call, 0))
    expect(two.what()).toEqual(['INVITE', '180 INVITE', 'CANCEL', '200 CANCEL', '487 INVITE', 'ACK'])
    expect(two.heard('ended', 'a')).toHaveLength(1)
    expect(two.heard('failed', 'b')).toHaveLength(1)
    expect(two.a.calls).toEqual([])
  })

  test('that nobody answers is asked for 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s, and given up after 32', () => {
    const two = new TwoAgents()
    two.isLost = () => true
    two.call()
    two.pass(40_000)
    expect(two.times('INVITE')).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500])
    expect(two.heard('failed', 'a').map(({ atMs }) => atMs)).toEqual([32_000])
  })

  test('whose BYE is lost is over for one end only: 0, 0.5, 1.5, 3.5, 7.5, then every 4 s', () => {
    const two = new TwoAgents()
    const call = two.call()
    two.pickUp()
    two.isLost = ({ what }) => what === 'BYE'
    two.do('a', two.a.hangUp(call, 0))
    two.pass(40_000)
    expect(two.times('BYE')).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ])
    expect(two.heard('ended', 'a').map(({ atMs }) => atMs)).toEqual([32_000])
    expect(two.heard('ended', 'b')).toEqual([])
  })

  test('whose ACK never arrives: 200 again up to every 4 s, then BYE', () => {
    const two = new TwoAgents()
    two.isLost = ({ what }) => what === 'ACK'
    two.call()
    two.pickUp()
    two.pass(31_999)
    expect(two.times('BYE')).toEqual([])
    two.pass(8_000)
    expect(two.times('200 INVITE')).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ])
    // 64 T1 (section 13.3.1.4).
    expect(two.times('BYE')).toEqual([32_000])
    expect(two.heard('ended', 'b').map(({ action }) => action.do === 'ended' && action.because)).toEqual([
      'never-acknowledged',
    ])
  })

  test('is put on hold by another offer', () => {
    const two = new TwoAgents()
    const call = two.call()
    two.pickUp()
    two.do('a', two.a.hold(call, true, 0))
    const [, , a, b] = two
      .heard('media')
      .map(({ at, action }) => action.do === 'media' && [at, action.agreed.direction])
    expect([a, b]).toEqual([
      ['b', 'recvonly'],
      ['a', 'sendonly'],
    ])
    two.do('a', two.a.hold(call, false, 0))
    expect(two.heard('media').at(-1)?.action).toMatchObject({ agreed: { direction: 'sendrecv' } })
  })

  test('that this end took is ended after its ACK, and not before', () => {
    const two = new TwoAgents()
    two.isLost = ({ what, atMs }) => what === 'ACK' && atMs < 400
    two.call()
    two.pickUp()
    two.do('b', two.b.leave(0))
    two.pass(10_000)
    expect(two.times('ACK')).toEqual([0, 500])
    expect(two.times('BYE')).toEqual([500])
    expect(two.b.hasLeft).toBe(true)
  })

  test('cannot be ended by a stranger who guesses a tag', () => {
    const two = new TwoAgents()
    two.call()
    two.pickUp()
    const bye = `BYE sip:bob@10.0.1.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.1;branch=z9hG4bKx\r\nFrom: <sip:alice@10.0.1.1>;tag=guess\r\nTo: <sip:bob@10.0.1.2>;tag=guess\r\nCall-ID: ${two.a.calls[0]}\r\nCSeq: 9 BYE\r\nContent-Length: 0\r\n\r\n`
    two.do('b', two.b.receive(readMessage(Buffer.from(bye)), place(1), 0))
    expect(two.what().at(-1)).toBe('481 BYE')
    expect(two.b.calls).toHaveLength(1)
  })
})

describe('a telephone that leaves', () => {
  test('says BYE, and has left when that is answered', () => {
    const two = new TwoAgents()
    two.call()
    two.pickUp()
    two.isLost = ({ what, atMs }) => what === '200 BYE' && atMs < 400
    two.do('a', two.a.leave(0))
    expect(two.a.hasLeft).toBe(false)
    two.pass(1_000)
    expect(two.times('BYE')).toEqual([0, 500])
    expect(two.a.hasLeft).toBe(true)
  })

  test('cancels what it began, and refuses what rings', () => {
    for (const leaving of ['a', 'b'] as const) {
      const two = new TwoAgents()
      two.call()
      two.do(leaving, two[leaving].leave(0))
      expect(two.what().slice(2, 4)).toEqual(
        leaving === 'a' ? ['CANCEL', '200 CANCEL'] : ['603 INVITE', 'ACK'],
      )
      expect(two[leaving].hasLeft).toBe(true)
    }
  })

  test('takes no more calls', () => {
    const two = new TwoAgents()
    two.do('b', two.b.leave(0))
    two.call()
    expect(two.what()).toEqual(['INVITE', '480 INVITE', 'ACK'])
  })

  test('takes its registration back, also one that is asked for at this moment', () => {
    for (const isGranted of [true, false]) {
      const registrar = { place: place(2), password: 'a', wantedSeconds: 300 }
      const two = new TwoAgents({ registrar })
      const said = () => two.sent.filter(({ what }) => what === 'REGISTER')
      const grant = () => {
        const request = said().at(-1)?.message
        if (request === undefined) throw new Error('nothing is asked')
        const granted = responseTo(request, { status: 200, toTag: 'granted' })
        two.do('a', two.a.receive(readMessage(writeMessage(granted)), place(2), 0))
      }
      two.isLost = () => true
      two.do('a', two.a.register(0))
      if (isGranted) grant()
      two.do('a', two.a.leave(0))
      if (!isGranted) grant()
      expect(said().map(({ message }) => headerOf(message, 'Expires'))).toEqual(['300', '0'])
      expect(two.a.hasLeft).toBe(false)
      grant()
      expect(two.heard('unregistered')).toHaveLength(1)
      expect(two.a.hasLeft).toBe(true)
    }
  })

  test('that nobody knows has nobody to tell', () => {
    const two = new TwoAgents()
    two.do('a', two.a.leave(0))
    expect([two.what(), two.a.hasLeft]).toEqual([[], true])
  })
})

describe('a session timer', () => {
  test('is refreshed at half its time by the one who was agreed on', () => {
    const two = new TwoAgents({ session })
    two.call()
    two.pickUp()
    expect(two.heard('session-agreed')).toHaveLength(2)
    two.pass(100_000)
    expect(two.times('INVITE')).toEqual([0, 45_000, 90_000])
    expect(two.heard('session-refreshed')).toHaveLength(4)
    expect(two.heard('session-expired')).toEqual([])
  })

  test('ends the call of who is left: after the time less a third', () => {
    const two = new TwoAgents({ session })
    two.call()
    two.pickUp()
    two.isLost = () => true
    two.pass(200_000)
    const ends = two.heard('session-expired', 'b').map(({ atMs }) => atMs)
    expect(ends).toEqual([60_000])
    // The refresher: its re-INVITE at 45 s got no answer for 32 s.
    expect(two.heard('ended', 'a').map(({ action }) => action.do === 'ended' && action.because)).toEqual([
      'refresh-failed',
    ])
  })

  test('that is too short for the other is asked for again, longer', () => {
    const two = new TwoAgents({ session }, { session: { seconds: 300, refresher: 'uas', minSeconds: 200 } })
    two.call()
    two.pickUp()
    expect(two.what().slice(0, 4)).toEqual(['INVITE', '422 INVITE', 'ACK', 'INVITE'])
    expect(two.heard('session-agreed', 'a')[0]?.action).toMatchObject({ seconds: 200, isRefresher: true })
  })
})

describe('what is asked outside a call', () => {
  const ask = (lines: string) => {
    const two = new TwoAgents()
    const text = `${lines}\r\nVia: SIP/2.0/UDP 10.0.1.1;branch=z9hG4bKy\r\nf: <sip:alice@10.0.1.1>;tag=1\r\nt: <sip:bob@10.0.1.2>\r\ni: 1\r\nl: 0\r\n\r\n`
    two.do('b', two.b.receive(readMessage(Buffer.from(text)), place(1), 0))
    return two.sent[0]
  }
  test('OPTIONS: 200 with what it can', () => {
    const sent = ask('OPTIONS sip:bob@10.0.1.2 SIP/2.0\r\nCSeq: 1 OPTIONS')
    expect(sent?.what).toBe('200 OPTIONS')
    expect(sent && valuesOf(sent.message, 'Allow')).toContain('UPDATE')
  })
  test.each([
    ['OPTIONS sip:bob@10.0.1.2 SIP/2.0\r\nCSeq: 1 OPTIONS\r\nRequire: wonders', '420 OPTIONS'],
    ['WONDER sip:bob@10.0.1.2 SIP/2.0\r\nCSeq: 1 WONDER', '405 WONDER'],
    ['OPTIONS tel:123 SIP/2.0\r\nCSeq: 1 OPTIONS', '416 OPTIONS'],
    ['OPTIONS sip:bob@10.0.1.2 SIP/7.0\r\nCSeq: 1 OPTIONS', '505 OPTIONS'],
    ['BYE sip:bob@10.0.1.2 SIP/2.0\r\nCSeq: 1 BYE', '481 BYE'],
  ])('%s', (lines, what) => expect(ask(lines)?.what).toBe(what))
})

test('every state can be left for another that there is', () => {
  for (const table of [callTransitions, registrationTransitions]) {
    const states = Object.keys(table)
    for (const inputs of Object.values(table))
      for (const next of Object.values(inputs)) expect(states).toContain(next)
  }
})
