/**
 * `npm run forecast:verify -- [--sockets 400] [--seed N] [--watch SECONDS] [--only ID]`: sockets with settings drawn at
 * random (keepalive, user timeout, retries, rto_min, rto_max, states, closed windows) between hosts whose peers fall
 * silent; each is forecast from outside at random moments, and held against what its kernel then does. Every miss is
 * printed with what shows it again. Exit status 1 where there is one.
 */
import { parseArgs } from 'node:util'
import { findCapabilities } from '../src/hosts/capabilities.ts'
import { missText, verify } from '../test/support/forecast-verify/verify.ts'

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '400' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
    watch: { type: 'string', default: '45' },
    only: { type: 'string' },
  },
})
const { isolation, because } = await findCapabilities()
if (isolation === null) throw new Error(because)
const request = {
  sockets: Number(values.sockets),
  seed: Number(values.seed),
  watchMs: Number(values.watch) * 1000,
  only: values.only === undefined ? null : Number(values.only),
}
console.log(`seed ${request.seed}: ${request.sockets} sockets, watched for ${values.watch} s`)
const { sockets, looks, misses, latestMs } = await verify(request, isolation)
for (const miss of misses) console.log(missText(request, miss))
console.log(
  `${sockets} sockets, ${looks} looks, ${misses.length} sockets with a miss; own timer late by ${Math.round(latestMs)} ms`,
)
process.exitCode = misses.length > 0 ? 1 : 0
