import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BUNDLES, bundled } from '../../src/project/bundle.mjs'

const sets = ['test-one', 'test-two']
const ofSet = (set: string) => [join(BUNDLES, set), join(BUNDLES, `${set}.json`), join(BUNDLES, `${set}.mjs`)]

test('two that are made at the same time in one process both come', async () => {
  for (const path of sets.flatMap(ofSet)) rmSync(path, { recursive: true, force: true })
  const made = sets.map((set) => bundled(set, { [set]: 'src/foreign/nearest.ts' }, {}))
  const paths = (await Promise.all(made)).flatMap((one) => Object.values(one))
  expect(paths.map((path) => existsSync(path))).toEqual([true, true])
  for (const path of sets.flatMap(ofSet)) rmSync(path, { recursive: true, force: true })
})
