/** Where predictions are kept: `predictions.json` in the folder of their run. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Predictions, parsePredictions } from './predict.ts'

const NAME = 'predictions.json'

/** Writes them in one step: whoever reads meanwhile sees all of them or none. */
export function savePredictions(folder: string, predictions: Predictions): void {
  const fresh = join(folder, `.${NAME}.new`)
  writeFileSync(fresh, `${JSON.stringify(predictions, null, 2)}\n`)
  renameSync(fresh, join(folder, NAME))
}

/** Those of a run; null when nobody was asked, or the file is none of ours. */
export function readPredictions(folder: string): Predictions | null {
  try {
    return parsePredictions(readFileSync(join(folder, NAME), 'utf8'))
  } catch {
    return null
  }
}
