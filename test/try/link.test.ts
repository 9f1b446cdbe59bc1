/** A link that loses frames, for real: it loses whoever asks for an address, too. */
import { expect, test } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { describeNeeding } from '../support/needs.ts'
import { runSession } from '../support/session.ts'

const { isolation } = await findCapabilities()

describeNeeding('network namespaces', isolation !== null)('a link', () => {
  test('is as asked, although the first question for an address may be lost on it', async () => {
    if (isolation === null) return
    const file = new URL('../support/link-session.ts', import.meta.url)
    const { report, left } = await runSession<{ problems: (string | null)[] }>(file, isolation)
    expect(report.problems).toEqual([null, null, null, null])
    expect(left).toEqual([])
  }, 100_000)
})
