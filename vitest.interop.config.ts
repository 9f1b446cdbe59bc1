import { defineConfig } from 'vitest/config'
import { alone, reportersWith } from './vitest.config.ts'

/** These keep a processor busy and measure no time: two of them run beside each other. */
const BUSY = ['test/interop/*-fuzz.test.ts', 'test/interop/bank-kills.test.ts']

/** Telephones and tunnels: most of the time they wait, and no time of theirs is judged closely. */
const WAITING = ['test/interop/sip-*.test.ts', 'test/interop/wireguard-go.test.ts']

/** `npm run test:interop`: against programs that nobody here wrote, and what takes minutes. */
export default defineConfig({
  test: {
    // Minutes go by: each test says when it is done.
    reporters: reportersWith('verbose'),
    projects: [
      {
        test: {
          name: 'busy',
          include: BUSY,
          fileParallelism: true,
          maxWorkers: 2,
          testTimeout: 240_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'waiting',
          include: WAITING,
          fileParallelism: true,
          maxWorkers: 2,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...alone,
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          exclude: [...BUSY, ...WAITING],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
