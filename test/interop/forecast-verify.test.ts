/** In small what `npm run forecast:verify` does in large: forecasts of sockets drawn at random, held against a kernel. */
import { expect } from 'vitest'
import { findCapabilities } from '../../src/hosts/capabilities.ts'
import { libcProblem } from '../../src/kernel/libc.ts'
import { missText, verify } from '../support/forecast-verify/verify.ts'
import { testNeeding } from '../support/needs.ts'

const { isolation } = await findCapabilities()
const request = { seed: 20_261_130, sockets: 60, watchMs: 30_000, only: null }
/** A machine that is this late says nothing about a kernel. */
const LATE_MS = 250

testNeeding('network namespaces and koffi', isolation !== null && libcProblem() === null)(
  'what is forecast of sockets drawn at random comes true',
  async () => {
    if (isolation === null) return
    let result = await verify(request, isolation)
    if (result.misses.length > 0 && result.latestMs > LATE_MS) result = await verify(request, isolation)
    expect(result.misses.map((miss) => missText(request, miss))).toEqual([])
    expect(result.looks).toBeGreaterThan(request.sockets)
  },
)
