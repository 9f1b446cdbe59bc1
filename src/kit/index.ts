/** What a test imports: `import { open } from 'stillhere'`. */

export { CannotOpenError, whyNot } from './cannot-open.ts'
export {
  type Lab,
  LabError,
  type LabHost,
  type OpenOptions,
  open,
  type Program,
  type Strike,
} from './open.ts'
export type { ProgramContext, ProgramFunction } from './program-function.ts'
export type { NodeTest } from './test-context.ts'
export * from './types.ts'
