import { defineConfig } from 'vitest/config'
import { alone, reportersWith } from './vitest.config.ts'

/** `npm run test:containers`: builds an image and kills containers, which takes minutes and a Docker engine. */
export default defineConfig({
  test: {
    ...alone,
    include: ['test/containers/**/*.test.ts'],
    // Minutes go by: each test says when it is done.
    reporters: reportersWith('verbose'),
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
})
