/** What a test imports: `import { open } from 'stillhere'`. */
export type { Body, Surroundings } from './body.ts'
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
export type { NodeTest } from './runner-of-test.ts'
export * from './types.ts'
