/** Only compiled: what somebody with TypeScript may write, and what they may not. */
import { type Connection, LabError, open, whyNot } from 'stillhere'

export async function typed(): Promise<Connection[]> {
  const reason: string | null = await whyNot()
  await using lab = await open({ between: 'cable' })
  const client = await lab.client.start(async ({ server }) => console.log(server))
  // @ts-expect-error no such fault
  await lab.strike('earthquake')
  const afterMs = await lab.during('cut', async ({ proof }) => {
    console.log(proof, reason, LabError.name)
    return (await client.says(/lost/)).afterMs
  })
  const ms: number | null = afterMs
  console.log(ms)
  return lab.connections()
}
