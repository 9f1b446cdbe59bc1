/** Predictions on a terminal: asked key by key before anything is shown, and told beside what was observed. */
import type { Check } from '../../lab/checks.ts'
import {
  AnswerSheet,
  type Comparison,
  observationWords,
  type Predictions,
  type Question,
  summaryOf,
} from '../../lab/predict.ts'
import type { Style } from '../../lab/tale.ts'
import type { Plan } from '../../plan/plan.ts'
import { beside, wrapped } from '../../text/wrap.ts'

/** The column of the texts beside `you said`, `observed` and `why`. */
const INDENT = 14
/** A question may rest on a check for each mechanism; more than these say it in one paragraph. */
const CHECKS_ON_LINES_MAX = 4

/** What a key means to a question. */
type Meaning = { choice: number } | 'skip' | 'skip the rest' | 'stop' | null

export interface Asking {
  write(text: string): void
  /** Starts to hand over keys; the function that it returns ends that. */
  listen(onKey: (key: string) => void): () => void
  /** Ctrl-C. */
  interrupt(): void
  /** Aborted when there is no point in asking any more. */
  signal: AbortSignal
}

/**
 * Asks one question after the other.
 * @returns the locked answers; null when it was aborted before the last one
 */
export function ask(
  questions: readonly Question[],
  plan: Plan,
  style: Style,
  { write, listen, interrupt, signal }: Asking,
): Promise<Predictions | null> {
  const sheet = new AnswerSheet(questions)
  write(`\n${introduction(questions.length, style)}\n`)
  write(questionText(questions, sheet.next, style))
  return new Promise((resolve) => {
    const end = (predictions: Predictions | null) => {
      signal.removeEventListener('abort', onAbort)
      stopListening()
      resolve(predictions)
    }
    const onAbort = () => {
      write('\n')
      end(null)
    }
    const stopListening = listen((key) => {
      const question = sheet.next
      if (question === undefined) return
      const meaning = meaningOf(key, question)
      if (meaning === null) return
      if (meaning === 'stop') return interrupt()
      write(`${wordsOf(meaning, question)}\n\n`)
      if (meaning === 'skip the rest') skipRest(sheet)
      else sheet.give(question.id, chosen(meaning, question)?.id ?? null, new Date())
      if (sheet.next === undefined) end(sheet.lock(plan, new Date()))
      else write(questionText(questions, sheet.next, style))
    })
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

function skipRest(sheet: AnswerSheet): void {
  for (let open = sheet.next; open !== undefined; open = sheet.next) sheet.give(open.id, null, new Date())
}

function meaningOf(key: string, { choices }: Question): Meaning {
  if (key === 'enter') return 'skip'
  if (key === 'ctrl-c') return 'stop'
  // Ctrl-D: no more input will come. So it is skipped and not waited for.
  if (key === 'q' || key === 'Q' || key === 'ctrl-d') return 'skip the rest'
  const number = /^[1-9]$/.test(key) ? Number(key) : 0
  return number >= 1 && number <= choices.length ? { choice: number } : null
}

function chosen(meaning: Meaning, { choices }: Question) {
  return typeof meaning === 'object' && meaning !== null ? choices[meaning.choice - 1] : undefined
}

function wordsOf(meaning: Meaning, question: Question): string {
  const choice = chosen(meaning, question)
  if (choice !== undefined) return String(question.choices.indexOf(choice) + 1)
  return meaning === 'skip' ? 'skipped' : 'the rest is skipped'
}

function introduction(count: number, style: Style): string {
  const many = count === 1 ? 'one question' : `${count} questions`
  return [
    ...wrapped(`Predict first: ${many}, while the lab runs in the background.`, style.columns).map(
      style.bold,
    ),
    ...wrapped(
      'Press the number of what you expect, Enter to skip a question, q for the rest. ' +
        'Nothing is shown before the last one, and nothing of it can be changed later.',
      style.columns,
    ),
    '',
  ].join('\n')
}

function questionText(questions: readonly Question[], question: Question | undefined, style: Style): string {
  if (question === undefined) return ''
  const number = `${questions.indexOf(question) + 1} of ${questions.length}  `
  const [first = '', ...rest] = wrapped(question.text, style.columns - number.length)
  return [
    style.dim(number) + style.bold(first),
    ...rest.map((line) => ' '.repeat(number.length) + style.bold(line)),
    ...question.choices.flatMap(({ text }, index) => beside(`  ${index + 1}  `, text, style.columns)),
    `Your prediction (1 to ${question.choices.length}, Enter, q): `,
  ].join('\n')
}

/** Each prediction beside its observation. Who skipped all wants no lecture. */
export function comparisonsText(comparisons: readonly Comparison[], style: Style): string {
  if (comparisons.every(({ verdict }) => verdict === 'skipped')) return ''
  return [
    style.bold('What you predicted, and what this run observed'),
    ...comparisons.map((comparison, index) => oneText(comparison, index + 1, style)),
    '',
  ].join('\n\n')
}

/** How many were right; '' where nobody was asked. */
export function scoreText(comparisons: readonly Comparison[], style: Style): string {
  return wrapped(summaryOf(comparisons), style.columns).map(style.bold).join('\n')
}

function oneText(
  { question, predicted, observed, verdict, answer, checks }: Comparison,
  number: number,
  style: Style,
): string {
  const label = (words: string) => `    ${words}`.padEnd(INDENT)
  const lines = (before: string, text: string) => beside(before, text, style.columns)
  const doubtful = checks.filter((check) => check.verdict === 'fail' || check.verdict === 'inconclusive')
  return [
    ...lines(`${String(number).padStart(2)}  `, question.text),
    ...lines(label('you said'), predicted?.text ?? '(skipped)'),
    ...lines(label('observed'), observed?.text ?? 'nothing that decides it, in this run'),
    ...lines(label(''), answer.observed),
    ...checkLines(checks).flatMap((line) => lines(label(''), line)),
    ...lines(label(SIGNS[verdict]), VERDICTS[verdict]).map((line) => paint(line, verdict, style)),
    ...doubtful.flatMap(({ id, verdict: became }) =>
      lines(label('careful'), `${id} is "${became}": this run is no good witness here.`),
    ),
    ...lines(label('why'), answer.explanation),
  ].join('\n')
}

const SIGNS: Record<Comparison['verdict'], string> = {
  right: '[=]',
  wrong: '[x]',
  skipped: '[ ]',
  unobserved: '[?]',
}
const VERDICTS: Record<Comparison['verdict'], string> = {
  right: 'As you predicted.',
  wrong: 'It went another way.',
  skipped: 'You made no prediction here.',
  unobserved: 'This run cannot say. Usually:',
}

function paint(line: string, verdict: Comparison['verdict'], style: Style): string {
  return verdict === 'right' ? style.good(line) : verdict === 'wrong' ? style.doubtful(line) : line
}

function checkLines(checks: readonly Check[]): string[] {
  const lines = checks.map((check) => `${check.id}: ${observationWords(check)}`)
  return lines.length <= CHECKS_ON_LINES_MAX ? lines : [lines.join('; ')]
}
