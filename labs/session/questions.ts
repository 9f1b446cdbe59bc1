import type { Plan } from '../../src/lab/plan.ts'
import type { Question } from '../../src/lab/predict.ts'
import type { SessionSettings } from './conditions.ts'
export function questionsOf(_plan: Plan<SessionSettings>): Question[] {
  return []
}
