import type { Fault } from './fault.ts'

/** The control: whatever is noticed here was not caused by a fault. */
export const none: Fault = {
  id: 'none',
  promise: 'nothing happens',
  needs: [],
  strike: async () => ({ verifiedBy: 'nothing was done' }),
}
