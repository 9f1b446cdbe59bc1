/** What stands above a run on the page: which one it is, how far it has come, what came of it. */
import type { Verdict } from '../../lab/checks.ts'
import { type Child, element } from '../../view/viewer/markup.ts'
import type { OpenedRun } from './earlier.ts'
import type { LiveRun } from './live.ts'

/** Above a run: what it is, and what is not here of it. */
export function headParts(live: LiveRun, opened: OpenedRun | null): Child[] {
  if (opened !== null) {
    const { plan, report, problems } = opened
    return [
      element('h2', { class: 'plain' }, `An earlier run of lab:${plan.lab}`),
      element(
        'p',
        { class: 'plain quiet' },
        `${plan.run}, ${plan.tier} hosts, ${report?.verdict ?? 'unfinished'}`,
      ),
      ...(problems.length === 0
        ? []
        : [element('ul', { class: 'problem' }, ...problems.map((one) => element('li', {}, one)))]),
      ...(live.run === null || live.run === plan.run
        ? []
        : [
            element(
              'button',
              { type: 'button', class: 'knob', 'data-do': 'live' },
              live.isGoingOn ? 'Show the run that is going on' : 'Show the last run',
            ),
          ]),
    ]
  }
  const { plan, command, phase } = live.state
  if (plan === null) return phase === 'idle' ? [welcome()] : []
  return [
    element('h2', { class: 'plain' }, `lab:${plan.lab}${plan.play ? ', in play' : ''}`),
    element('p', { class: 'plain quiet' }, `${plan.tier} hosts: ${plan.because}`),
    ...(command === null
      ? []
      : [element('p', { class: 'plain quiet' }, 'the same by hand: ', element('code', {}, command))]),
    ...(live.missing === 0
      ? []
      : [
          element(
            'p',
            { class: 'problem' },
            `${live.missing.toLocaleString('en')} older events are no longer in memory; changes of belief and faults are. The run's folder has all of them. `,
            element(
              'button',
              { type: 'button', class: 'knob', 'data-do': 'reload', disabled: live.isGoingOn },
              'Load all',
            ),
          ),
        ]),
  ]
}

function welcome(): Child {
  return element(
    'div',
    { class: 'welcome' },
    element('h2', { class: 'plain' }, 'A connection is two separate beliefs, one at each end'),
    element(
      'p',
      {},
      'Each is kept true only by what still arrives. Choose what goes wrong, start, and watch when either end finds out; or choose “you, by buttons” and strike yourself.',
    ),
  )
}

/** Of the run that is shown: another one's verdict above it would be taken for its own. */
export function phaseWords(live: LiveRun, opened: OpenedRun | null): string {
  if (opened !== null) {
    const { report } = opened
    const ended = report === null ? 'it did not come to its end' : endedWords(report.verdict)
    return `an earlier run: ${ended}${live.isGoingOn ? ' (another one is going on)' : ''}`
  }
  const { phase, problem, verdict, asked } = live.state
  const open = asked?.open ?? null
  if (open !== null) {
    const what = live.isGoingOn ? phase : 'the run has ended'
    return `${what}; first your prediction, ${open.number} of ${asked?.count}`
  }
  switch (phase) {
    case 'idle':
      return 'no run yet'
    case 'starting':
      return 'starting'
    case 'running':
      return live.said === '' ? 'running' : live.said
    case 'stopping':
      return 'stopping: faults are undone, what was seen is judged'
    case 'failed':
      return `the run failed: ${problem}`
    case 'ended':
      return endedWords(verdict ?? 'skipped')
  }
}

function endedWords(verdict: Verdict): string {
  return {
    pass: 'ended: every check passed',
    fail: 'ended: a check failed',
    skipped: 'ended',
    inconclusive: 'ended: not everything could be judged; the checks say why',
  }[verdict]
}
