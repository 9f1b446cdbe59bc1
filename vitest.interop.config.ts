import { defineConfig } from 'vitest/config'
import base, { reportersWith } from './vitest.config.ts'

/** `npm run test:interop`: against programs that nobody here wrote, and what takes minutes. */
export default defineConfig({
  test: {
    ...base.test,
    include: ['test/interop/**/*.test.ts'],
    exclude: [],
    // Minutes go by: each test says when it is done.
    reporters: reportersWith('verbose'),
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
