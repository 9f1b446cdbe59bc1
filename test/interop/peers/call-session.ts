/**
 * Telephone calls, each on hosts of its own and all at once: by address, or by kamailio or our registrar, which ask for
 * passwords. Started by sip-baresip.test.ts; reports where each end's recording is, and what was on the wire.
 */
import { join } from 'node:path'
import type { Host } from '../../../src/hosts/host.ts'
import { PASSWORD, startKamailio } from './kamailio.ts'
import { openOffice } from './office.ts'
import { type Kind, startTelephone } from './telephones.ts'

export interface CallWish {
  /** At most 12 letters: it names the hosts. */
  name: string
  caller: Kind
  callee: Kind
  /** Who knows where the telephones are, and asks them for passwords; null: they call by address. */
  registrar: 'kamailio' | 'ours' | null
}

interface End {
  address: string
  heard: string
  saysHz: number
}

export interface CallReport {
  caller: End
  callee: End
  /** What passed the network card of the one who was called. */
  wire: string
}

/** Long enough for a tone that nobody can take for another. */
const CALL_SECONDS = 5

const office = await openOffice<{ out: string; calls: CallWish[] }>()

function startOurRegistrar(host: Host) {
  const users = ['alice', 'bob'].flatMap((user) => ['--user', `${user}:${PASSWORD}`])
  return office.startOurs(host, 'sip-registrar', [
    '--host',
    host.address,
    '--record-route',
    '--md5',
    ...users,
  ])
}

async function call({ name, caller, callee, registrar: kind }: CallWish): Promise<CallReport> {
  const { a, b, c } = await office.trio(name)
  if (kind === 'kamailio') await startKamailio(office, c)
  if (kind === 'ours') await startOurRegistrar(c)
  const wire = `${name}.pcapng`
  const written = await office.dump(b, wire)
  const registrar = kind === null ? undefined : c.address
  const called = await startTelephone(office, b, { kind: callee, user: 'bob', saysHz: 700, registrar })
  const to = `sip:bob@${registrar ?? b.address}`
  const how = { kind: caller, user: 'alice', saysHz: 600, registrar, calls: to, forSeconds: CALL_SECONDS }
  const calling = await startTelephone(office, a, how)
  await calling.ended
  await called.end()
  await written()
  return {
    caller: { address: a.address, heard: calling.heard(), saysHz: calling.saysHz },
    callee: { address: b.address, heard: called.heard(), saysHz: called.saysHz },
    wire: join(office.wish.out, wire),
  }
}

office.report(await Promise.all(office.wish.calls.map(call)))
