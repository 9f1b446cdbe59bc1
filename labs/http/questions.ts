import type { Question } from '../../src/lab/predict.ts'
export function questionsOf(): Question[] {
  return []
}
