/** The test runner around a test, as far as a lab has to do with it: what skips a test, and hears that one failed. */

/** The argument of a test of `node:test`, which says once it is over how it went. */
export interface NodeTest {
  after(heard: () => void): void
  readonly passed?: boolean
}

/** The test that has opened a lab. */
export interface TestContext {
  /** Ends the test by throwing. Absent: this test runner cannot skip a test that runs. */
  skip?(reason: string): never
  onTestFailed(heard: () => void): void
}

/** Where vitest tells which test runs now, since 4.1 and before; named so that nothing looks for it unasked. */
const VITEST = ['vitest', 'vitest/suite'] as const

interface Vitest extends TellsTest {
  TestRunner?: TellsTest
}

interface TellsTest {
  getCurrentTest?(): { context: Required<TestContext> } | undefined
}

/** The test that runs now; null: none is known, as in a test runner that tells nobody. */
export async function contextOf(test: NodeTest | undefined): Promise<TestContext | null> {
  if (test !== undefined) {
    const onTestFailed = (heard: () => void) => test.after(() => test.passed === false && heard())
    return { onTestFailed }
  }
  // What a test has started inherits its environment, but is no worker of vitest's.
  return '__vitest_worker__' in globalThis ? contextOfVitest() : null
}

async function contextOfVitest(): Promise<TestContext | null> {
  for (const name of VITEST) {
    const { TestRunner, getCurrentTest } = (await import(/* @vite-ignore */ name)) as Vitest
    const now = TestRunner?.getCurrentTest ?? getCurrentTest
    if (now !== undefined) return now()?.context ?? null
  }
  return null
}
