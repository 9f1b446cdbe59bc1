/** What a visitor gets to see: pages for browsers, and the same as JSON. */
import { csrfTokenOf } from '../../protocols/http-session/forgery.ts'
import { WITHOUT_PASSWORD_CENTS_MAX } from './limits.ts'
import { accountPage, problemPage, signInPage } from './pages.ts'
import { PasswordWanted } from './password-again.ts'
import { CHALLENGE, Refusal, refusalOf } from './refusal.ts'
import { passwordPage, sessionsPage } from './session-pages.ts'
import { newId, type UserSession } from './sessions.ts'
import { type Account, amountOf } from './transfer.ts'
import { SignedOut, type Visit } from './visit.ts'

const SIGNED_OUT = {
  unknown: 'You are not signed in.',
  'idle-expired': 'You were signed out, since you did nothing for a while.',
  expired: 'You were signed out: a session ends after some hours, whatever you do.',
}

/**
 * The form, tied to the browser that asks for it: nobody can be made to sign in as somebody else.
 * @param problem why it is shown, where nobody asked for it
 */
export function answerSignIn(visit: Visit, server: string, problem: string | null): void {
  const { response, wantsJson } = visit
  if (problem !== null && wantsJson) throw new Refusal(401, 'Not signed in', problem, CHALLENGE)
  const presented = visit.presented('sign-in')
  const id = presented.kind === 'one' ? presented.id : newId()
  if (presented.kind !== 'one') visit.keep('sign-in', id)
  const csrf = csrfTokenOf(id)
  if (wantsJson) {
    response.json({ user: null, csrf })
    return
  }
  if (problem !== null) response.status(401).set(CHALLENGE)
  const notice = problem === null ? null : { kind: 'error' as const, text: problem }
  response.send(signInPage({ csrf, server, notice }))
}

/** @param id of the session, which the forms are tied to */
export function answerAccount(
  visit: Visit,
  server: string,
  user: string,
  account: Account,
  id: string,
): void {
  const { request, response, wantsJson } = visit
  const { cents, recent } = account
  const [csrf, key] = [csrfTokenOf(id), newId()]
  if (wantsJson) {
    response.json({ user, balance: amountOf(cents), recent, csrf, key })
    return
  }
  const done = recent.find((each) => each.transfer === request.query.transfer && each.cents < 0)
  const text = done && `Transfer ${done.transfer} is done: ${amountOf(-done.cents)} to ${done.with}.`
  const notice = text === undefined ? null : { kind: 'done' as const, text }
  response.send(accountPage({ user, account, csrf, transferKey: key, server, notice }))
}

/** @param id of the session that asks, which the forms are tied to */
export function answerSessions(
  visit: Visit,
  server: string,
  user: string,
  sessions: readonly UserSession[],
  id: string,
): void {
  const { request, response, wantsJson } = visit
  const csrf = csrfTokenOf(id)
  if (wantsJson) {
    response.json({ user, sessions, csrf })
    return
  }
  const notice = request.query.ended === '' ? { kind: 'done' as const, text: 'That session is over.' } : null
  response.send(sessionsPage({ user, sessions, csrf, server, notice }))
}

/** Longer than any of ours. */
const FIELD_LENGTH_MAX = 64

/** Whoever gives their password is told what for. */
function reasonOf(purpose: PasswordWanted['for'], field: (name: string) => string): string {
  switch (purpose) {
    case 'transfer':
      return `You ask for ${field('amount')} to go to ${field('to')}. After ${amountOf(WITHOUT_PASSWORD_CENTS_MAX)} in a session the bank wants your password before more is moved.`
    case 'sign_out_everywhere':
      return 'You ask to be signed out everywhere. For that the bank wants your password.'
    case 'end_session':
      return `You ask to end session ${field('session')}. For that the bank wants your password.`
  }
}

/** What a form has said that the password is wanted for; it is asked for again with the password. */
const REPEATED_FIELDS = ['csrf', 'to', 'amount', 'key', 'session']

function answerPasswordWanted(visit: Visit, server: string, { for: purpose, because }: PasswordWanted): void {
  const { request, response, tell, wantsJson } = visit
  tell('bank:password_wanted', { for: purpose, because })
  const reason = reasonOf(purpose, (name) => visit.field(name, FIELD_LENGTH_MAX) ?? '')
  const isWrong = because === 'wrong'
  response.status(403)
  if (wantsJson) {
    const detail = isWrong
      ? 'That is not your password. Nothing was done.'
      : `${reason} Send it as "password".`
    answerProblem(visit, { status: 403, title: 'Your password again', detail })
    return
  }
  const fields = REPEATED_FIELDS.flatMap((name) => {
    const value = visit.field(name, FIELD_LENGTH_MAX)
    return value === null ? [] : [[name, value] as const]
  })
  response.send(passwordPage({ reason, action: request.path, fields, isWrong, server }))
}

/** RFC 9457. */
function answerProblem(
  { response }: Visit,
  problem: { status: number; title: string; detail: string },
): void {
  response.type('application/problem+json').send(JSON.stringify(problem))
}

/** What becomes of a request that was refused, or failed. */
export function answerError(visit: Visit, server: string, error: unknown): void {
  const { request, response, tell, wantsJson } = visit
  if (response.headersSent) {
    request.socket.destroy()
    return
  }
  if (error instanceof SignedOut) {
    // Only what came: a request that another site caused comes without, and must not sign its user out.
    if (visit.presented('session').kind === 'one') visit.takeAway('session')
    if (!wantsJson) {
      answerSignIn(visit, server, SIGNED_OUT[error.state])
      return
    }
  }
  if (error instanceof PasswordWanted) {
    answerPasswordWanted(visit, server, error)
    return
  }
  const refusal =
    error instanceof SignedOut
      ? new Refusal(401, 'Not signed in', SIGNED_OUT[error.state], CHALLENGE)
      : refusalOf(error, tell)
  const { status, title, message: detail, headers } = refusal
  response.status(status).set(headers)
  if (wantsJson) answerProblem(visit, { status, title, detail })
  else response.type('html').send(problemPage({ title, detail, server }))
}
