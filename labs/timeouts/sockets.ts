/** What several cases of this lab do alike. */
import type { Pair } from '../../src/hosts/host.ts'
import type { TcpConduct } from '../../src/programs/scripts/tcp/requests.ts'
import type { Rig, TcpConnection } from '../../src/rig/rig.ts'
import type { FrameKind } from '../../src/wire/cable.ts'

/** More than the window that a receiver offers at first, and less than a send queue takes. */
const MORE_THAN_A_WINDOW = 300_000
/** As many frames as come. */
const MANY = 1_000_000

/** A connection of one row, open at both ends, and what its kernel says of it. */
export async function open(
  rig: Rig,
  pair: Pair,
  row: string,
  ofClient: Partial<TcpConduct> = {},
  ofServer: Partial<TcpConduct> = {},
): Promise<TcpConnection> {
  const connection = await rig.connectTcp(pair, row, { ofClient, ofServer })
  await connection.client.observe()
  return connection
}

/** Frames that the cable loses from now on, one way. */
export async function lose(
  rig: Rig,
  pair: Pair,
  direction: 'aToB' | 'bToA',
  kinds: FrameKind[],
): Promise<void> {
  await rig.cable(pair).drop(direction, kinds, MANY)
}

/** Writes more than the other end, which does not read, has room for. */
export async function closeWindow(rig: Rig, { a }: Pair, { client, server }: TcpConnection): Promise<void> {
  await server.stopReading()
  await client.writeBytes(MORE_THAN_A_WINDOW)
  await rig.untilKernel(a, client.groupId, { timer: 'zero-window-probe' })
  await client.observe()
}
