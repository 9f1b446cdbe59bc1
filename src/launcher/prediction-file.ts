/** Where predictions are kept: `predictions.json` in the folder of their run. */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRegular } from '../foreign/regular-file.ts'
import { type Predictions, parsePredictions } from '../lab/predict.ts'

const NAME = 'predictions.json'
/** A dozen answers. */
const BYTES_MAX = 100_000

/** Writes them in one step: whoever reads meanwhile sees all of them or none. */
export function savePredictions(folder: string, predictions: Predictions): void {
  const fresh = join(folder, `.${NAME}.new`)
  writeFileSync(fresh, `${JSON.stringify(predictions, null, 2)}\n`)
  renameSync(fresh, join(folder, NAME))
}

/** Those of a run; null when nobody was asked, or the file is none of ours. */
export function readPredictions(folder: string): Predictions | null {
  try {
    return parsePredictions(readRegular(join(folder, NAME), BYTES_MAX))
  } catch {
    return null
  }
}
