/** What a visitor gets to see: pages for browsers, and the same as JSON. */
import { csrfTokenOf } from '../../protocols/http-session/forgery.ts'
import { accountPage, problemPage, signInPage } from './pages.ts'
import { CHALLENGE, Refusal, refusalOf } from './refusal.ts'
import { newId } from './sessions.ts'
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
  const refusal =
    error instanceof SignedOut
      ? new Refusal(401, 'Not signed in', SIGNED_OUT[error.state], CHALLENGE)
      : refusalOf(error, tell)
  const { status, title, message: detail, headers } = refusal
  response.status(status).set(headers)
  if (wantsJson) {
    // RFC 9457.
    response.type('application/problem+json').send(JSON.stringify({ status, title, detail }))
  } else response.type('html').send(problemPage({ title, detail, server }))
}
