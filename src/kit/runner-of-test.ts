/** The test runner around a test, as far as a lab has to do with it: it skips a test, and hears that one failed. */

/** What is used of a test: of vitest's context, or of the argument of a test of `node:test`. */
export interface TestContext {
  /** In vitest it throws what ends the test. */
  skip(reason?: string): unknown
  /** vitest */
  onTestFailed?(heard: () => void): void
  /** node:test */
  after?(heard: () => void): void
  passed?: boolean
}

/** Where vitest tells which test runs now, since 4.1 and before; named so that nothing looks for it unasked. */
const VITEST = ['vitest', 'vitest/suite'] as const

interface Vitest {
  TestRunner?: TellsTest
}

interface TellsTest {
  getCurrentTest?(): { name: string; context: TestContext } | undefined
}

/** The test that runs now; null: none is known, as in a test runner that tells nobody. */
export async function contextOf(test: TestContext | undefined): Promise<TestContext | null> {
  if (test !== undefined) return ofNodeTest(test)
  // What a test has started inherits its environment, but is no worker of vitest's.
  if (!('__vitest_worker__' in globalThis)) return null
  const current = await currentOfVitest()
  if (current === undefined) return null
  const { context } = current
  return {
    skip: (reason) => context.skip(reason),
    onTestFailed: (heard) => context.onTestFailed?.(heard),
  }
}

async function currentOfVitest() {
  for (const name of VITEST) {
    const { TestRunner, ...suite } = (await import(/* @vite-ignore */ name)) as Vitest & TellsTest
    const tells = TestRunner ?? suite
    if (tells.getCurrentTest !== undefined) return tells.getCurrentTest()
  }
  return undefined
}

/** node:test tells how a test went once it is over. */
function ofNodeTest(test: TestContext): TestContext {
  if (test.onTestFailed !== undefined || test.after === undefined) return test
  return {
    skip: (reason) => test.skip(reason),
    onTestFailed: (heard) =>
      test.after?.(() => {
        if (test.passed === false) heard()
      }),
  }
}
