import { defineConfig } from 'vitest/config'
import base, { reportersWith } from './vitest.config.ts'

/** `npm run test:interop`: against programs nobody here wrote, and what takes long: kills, fuzz. */
export default defineConfig({
  test: {
    ...base.test,
    include: ['test/interop/**/*.test.ts'],
    exclude: [],
    reporters: reportersWith('verbose'),
    testTimeout: 120_000,
  },
})
