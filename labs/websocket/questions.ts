import type { Question } from '../../src/lab/predict.ts'
export const LESSONS: Readonly<Record<string, string>> = {}
export const questions: readonly Question[] = []
