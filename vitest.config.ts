import { defineConfig } from 'vitest/config'

/** With STILLHERE_TEST_REPORT what was passed, failed and skipped is written there as well. */
export function reportersWith(reporter: 'default' | 'verbose') {
  const outputFile = process.env.STILLHERE_TEST_REPORT
  return outputFile ? [reporter, ['json', { outputFile }] as ['json', { outputFile: string }]] : [reporter]
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/containers/**', 'test/interop/**'],
    // This project measures time: what runs beside a lab is part of its result.
    fileParallelism: false,
    testTimeout: 20_000,
    reporters: reportersWith('default'),
  },
})
