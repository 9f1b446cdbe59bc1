/** Gives a protocol without a clock the time: one timer, set for what is due next. */

/** No timer of Node is longer. */
const TIMER_MS_MAX = 2 ** 31 - 1

interface Timed<Action> {
  readonly dueAtMs: number
  due(nowMs: number): Action[]
}

export interface SipClock<Action> {
  /** Asks the protocol for something now, and carries out what it wants. */
  carryOut(act: (nowMs: number) => Action[]): void
  stop(): void
}

export function startSipClock<Action>(
  timed: Timed<Action>,
  carry: (action: Action) => void,
): SipClock<Action> {
  let timer: NodeJS.Timeout | undefined
  let timerAtMs = Infinity
  let isStopped = false

  function carryOut(act: (nowMs: number) => Action[]): void {
    if (isStopped) return
    for (const action of act(performance.now())) carry(action)
    setTimer()
  }

  /** Deadlines mostly move later: a timer that is set already still serves, and comes in vain at worst. */
  function setTimer(): void {
    const { dueAtMs } = timed
    if (dueAtMs >= timerAtMs || dueAtMs === Infinity || isStopped) return
    clearTimeout(timer)
    timerAtMs = dueAtMs
    timer = setTimeout(onTime, Math.min(Math.max(dueAtMs - performance.now(), 0), TIMER_MS_MAX))
  }

  function onTime(): void {
    timerAtMs = Infinity
    carryOut((nowMs) => timed.due(nowMs))
  }

  return {
    carryOut,
    stop() {
      isStopped = true
      clearTimeout(timer)
    },
  }
}
