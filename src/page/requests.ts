/** What a browser may ask for. Anything else is refused with a sentence, before anybody looks at it. */

import * as v from 'valibot'
import { hostSides, roles } from '../events/host-names.ts'
import { tiers } from '../hosts/host.ts'
import type { Matrix } from '../plan/plan.ts'
import { playActions } from '../plan/play-command.ts'

/** A lab's or a run's name is shorter. */
const NAME_LENGTH_MAX = 100

const name = v.pipe(v.string(), v.maxLength(NAME_LENGTH_MAX))

/** At least one, and none twice. */
function some<T extends string>(of: readonly T[]) {
  const isSet = (items: T[]) => new Set(items).size === items.length
  return v.pipe(v.array(v.picklist(of)), v.minLength(1), v.maxLength(of.length), v.check(isSet))
}

/** Which lab is chosen: what else can be chosen depends on it. */
export const labChoiceSchema = v.looseObject({ lab: name })

export function choiceSchemaOf({ cases, mechanisms }: Matrix) {
  return v.strictObject({
    lab: name,
    play: v.boolean(),
    predict: v.boolean(),
    hosts: v.picklist(['auto', ...tiers]),
    strike: v.picklist(roles),
    cases: some(cases.map(({ id }) => id)),
    mechanisms: some(mechanisms),
  })
}

export const playCommandSchema = v.strictObject({
  action: v.picklist(playActions),
  host: v.picklist(hostSides),
})

export const predictionSchema = v.strictObject({
  run: name,
  question: name,
  choice: v.nullable(name),
})

/** All questions about this run that are still open. */
export const skipSchema = v.strictObject({ run: name })

export const helloSchema = v.strictObject({
  run: v.nullable(name),
  since: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})
