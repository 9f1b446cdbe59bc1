import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/containers/**'],
    // This project measures time: what runs beside a lab is part of its result.
    fileParallelism: false,
    testTimeout: 20_000,
    reporters: process.env.STILLHERE_TEST_REPORT
      ? ['default', ['json', { outputFile: process.env.STILLHERE_TEST_REPORT }]]
      : ['default'],
  },
})
