/**
 * Telephone calls, each on hosts of its own and all at once: by address, or by kamailio, which asks for passwords.
 * Started by sip-baresip.test.ts; reports where each end's recording is, and what was on the wire.
 */
import { join } from 'node:path'
import { startKamailio } from './kamailio.ts'
import { openOffice } from './office.ts'
import { type Kind, startTelephone } from './telephones.ts'

export interface CallWish {
  /** At most 12 letters: it names the hosts. */
  name: string
  caller: Kind
  callee: Kind
  byKamailio: boolean
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

async function call({ name, caller, callee, byKamailio }: CallWish): Promise<CallReport> {
  const { a, b, c } = await office.trio(name)
  if (byKamailio) await startKamailio(office, c)
  const wire = `${name}.pcapng`
  const written = await office.dump(b, wire)
  const registrar = byKamailio ? c.address : undefined
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
