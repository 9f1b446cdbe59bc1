/**
 * Six routers that forget. They differ in what they do with a segment of a connection that they do not know; what
 * is done on each of them is the same.
 */
import { type RouterSettings, routerKinds } from '../../../src/hosts/router.ts'
import type { CaseOf } from '../../../src/lab/cases.ts'
import { FIVE_DAYS, type NatSettings, quickOnly } from '../conditions.ts'
import { greet, isAsked, untilForgotten } from '../connections.ts'
import { knowingRouter } from '../router-table.ts'
import { firstWord } from '../rows/first-word.ts'
import { inTime } from '../rows/in-time.ts'
import { lateProbe } from '../rows/late-probe.ts'
import type { ForgottenRow } from '../rows/row.ts'

const clientFirst = firstWord('client')
const serverFirst = firstWord('server')

/** Below those that a kernel gives out by itself. */
const CLIENT_PORTS_FROM = 7000

/** @param settings beside for how long it remembers */
function forgetting(
  id: string,
  settings: RouterSettings,
  promise: string,
  ...more: ForgottenRow[]
): CaseOf<NatSettings> {
  const rows = [clientFirst, serverFirst, ...more]
  return {
    id,
    promise,
    needs: ['router'],
    router: ({ memory }) => ({ ...memory, ...settings }),
    notHere: (_rig, plan) => quickOnly(plan, FIVE_DAYS),

    async act(rig, pair, { keepalive }) {
      const open = await Promise.all(
        rows
          .filter((row) => isAsked(rig, pair, row.id))
          .map(async (row, index) => {
            const probing = row.keepalive === undefined ? {} : { keepalive: keepalive[row.keepalive] }
            // A kernel may give two connections to two services one port; mappings are known by it.
            const client = { ...probing, localPort: CLIENT_PORTS_FROM + index }
            return { row, ends: await greet(rig, pair, row.id, client) }
          }),
      )
      const idle = open.filter(({ row }) => row !== inTime)
      await untilForgotten(
        rig,
        pair,
        idle.map(({ ends }) => ends.client.port),
      )
      await Promise.all(open.map(({ row, ends }) => row.afterwards(rig, pair, ends)))
    },

    rows: Object.fromEntries(rows.map((row) => [row.id, knowingRouter(row.claims)])),
  }
}

export const naive = forgetting(
  'naive',
  {},
  'the router forgets, and learns anew from any segment (tcp_loose=1, the default)',
  lateProbe,
)

export const random = forgetting(
  'random',
  { randomPorts: true },
  'the same, and every mapping gets a port at random',
)

export const strict = forgetting(
  'strict',
  routerKinds.strict,
  'the router forgets, and lets what it does not know pass untranslated (tcp_loose=0)',
)

export const reset = forgetting(
  'reset',
  routerKinds.reset,
  'the router forgets, and answers RST to what it does not know',
  lateProbe,
)

export const halfSilent = forgetting(
  'half-silent',
  { tcpLoose: false, invalid: 'drop' },
  'the router forgets, drops what it does not know from inside, and refuses it from outside',
)

export const silent = forgetting(
  'silent',
  routerKinds.silent,
  'the router forgets, and drops what it does not know from either side without a word',
  inTime,
  lateProbe,
)
