import { defineConfig } from 'vitest/config'

/** With STILLHERE_TEST_REPORT what was passed, failed and skipped is written there as well. */
export function reportersWith(reporter: 'default' | 'verbose') {
  const outputFile = process.env.STILLHERE_TEST_REPORT
  return outputFile ? [reporter, ['json', { outputFile }] as ['json', { outputFile: string }]] : [reporter]
}

const ELSEWHERE = ['test/containers/**', 'test/interop/**']
/** They measure no time, and nothing that they start does: two of them run beside each other. */
const BESIDE = [
  'test/{commands,events,foreign,guide,judges,plan,project,protocols,store,text}/**/*.test.ts',
  'test/view/!(terminal-)*.test.ts',
  // What is worked out from values alone, without a socket or a program.
  'test/compose/!(session).test.ts',
  'test/faults/{delay,measure}.test.ts',
  'test/hosts/{pair-map,process,two-paths}.test.ts',
  'test/kernel/{capture-clock,card,conntrack,foreign-process,give-up*,outbox,route}.test.ts',
  'test/lab/{cell,checks,judging,log,predict,random,table,tell-end}.test.ts',
  'test/labs/{*-expectations,frames-figure,late-theory,recorded}.test.ts',
  'test/wire/!(bridge).test.ts',
]

/**
 * They wait most of the time, and are right within a second: two of them wait beside each other. Not with a lab, whose
 * control timer would hear of it.
 */
const WAITING = ['test/{forecast,kit,page,programs,try}/**/*.test.ts', 'test/view/terminal-*.test.ts']

/** This project measures time: what runs beside a lab is part of its result. */
export const alone = { fileParallelism: false, testTimeout: 20_000 }

export default defineConfig({
  test: {
    reporters: reportersWith('default'),
    projects: [
      {
        test: {
          name: 'beside',
          include: BESIDE,
          fileParallelism: true,
          maxWorkers: 2,
          testTimeout: 40_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'waiting',
          include: WAITING,
          fileParallelism: true,
          maxWorkers: 2,
          testTimeout: 40_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...alone,
          name: 'alone',
          include: ['test/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...BESIDE, ...WAITING],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
