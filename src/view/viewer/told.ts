/** Predictions beside what was observed: on the live page and in the report. */
import type { Told, ToldPrediction } from '../../lab/predict.ts'
import { type Child, element, type Markup } from './markup.ts'

/** The word says it, the sign and the colour repeat it. */
const VERDICTS: Record<ToldPrediction['verdict'], { sign: string; words: string }> = {
  right: { sign: '\u2713', words: 'As you predicted.' },
  wrong: { sign: '\u2717', words: 'It went another way.' },
  skipped: { sign: '\u2013', words: 'You made no prediction here.' },
  unobserved: { sign: '?', words: 'This run cannot say. Usually:' },
}

/** A question may rest on a check for each mechanism; more than these say it in one paragraph. */
const CHECKS_ON_LINES_MAX = 4

export function toldParts({ summary, predictions }: Told): Child[] {
  const kindly = element('p', { class: 'summary', role: 'status' }, summary)
  // Who skipped all wants no lecture.
  if (predictions.every(({ verdict }) => verdict === 'skipped')) return [kindly]
  return [
    element('h2', { class: 'plain' }, 'What you predicted, and what this run observed'),
    kindly,
    element('ol', { class: 'told' }, ...predictions.map(toldItem)),
  ]
}

function toldItem({
  question,
  predicted,
  observed,
  verdict,
  seen,
  checks,
  explanation,
}: ToldPrediction): Markup {
  const { sign, words } = VERDICTS[verdict]
  const doubtful = checks.filter((check) => check.verdict === 'fail' || check.verdict === 'inconclusive')
  return element(
    'li',
    { class: verdict },
    element('h3', {}, question),
    element(
      'dl',
      {},
      ...pair('you said', predicted ?? '(skipped)'),
      ...pair('observed', observed ?? 'nothing that decides it, in this run'),
      element('dd', {}, seen),
      ...checkParts(checks),
      element('dt', { class: 'sign', 'aria-hidden': 'true' }, sign),
      element('dd', { class: 'verdict' }, words),
      ...doubtful.flatMap(({ id, verdict: became }) =>
        pair('careful', `${id} is "${became}": this run is no good witness here.`),
      ),
      ...pair('why', explanation),
    ),
  )
}

function checkParts(checks: ToldPrediction['checks']): Markup[] {
  const lines = checks.map(({ id, observed }): Child[] => [element('code', {}, id), `: ${observed}`])
  if (lines.length <= CHECKS_ON_LINES_MAX) return lines.map((line) => element('dd', {}, ...line))
  return [element('dd', {}, ...lines.flatMap((line, index) => (index === 0 ? line : ['; ', ...line])))]
}

function pair(term: string, text: string): Markup[] {
  return [element('dt', {}, term), element('dd', {}, text)]
}
