/** Where a user sees their sessions, and ends them: this one, another one, or all (ASVS 7.4, 7.5.2). */
import type { Express, Request, Response } from 'express'
import { answerSessions } from './answers.ts'
import { hasPassword, PasswordWanted } from './password-again.ts'
import type { PasswordCheck } from './passwords.ts'
import { Refusal } from './refusal.ts'
import type { Sessions } from './sessions.ts'
import type { Tries } from './tries.ts'
import { live, type Visit } from './visit.ts'

export interface SessionDeskOptions {
  sessions: Sessions
  passwords: PasswordCheck
  tries: Tries
  /** Its name, on the pages. */
  server: string
}

export function openSessionDesk(
  app: Express,
  visitOf: (request: Request, response: Response) => Visit,
  { sessions, passwords, tries, server }: SessionDeskOptions,
): void {
  app.get('/sessions', async (request, response) => {
    const visit = visitOf(request, response)
    const id = visit.sessionId()
    const { user, result } = live(await sessions.list(id, visit.tell))
    answerSessions(visit, server, user, result, id)
  })

  app.post('/sign-out', async (request, response) => {
    const visit = visitOf(request, response)
    const id = visit.sessionId()
    visit.refuseForgery(id)
    const { result: ended } = live(await sessions.end(id, 'this', visit.tell))
    visit.takeAway('session')
    if (visit.wantsJson) response.json({ ended: ended.length })
    else response.redirect(303, '/')
  })

  app.post('/sign-out-everywhere', async (request, response) => {
    const visit = visitOf(request, response)
    const id = visit.sessionId()
    visit.refuseForgery(id)
    await demandPassword(visit, id, 'sign_out_everywhere')
    const { result: ended } = live(await sessions.end(id, 'all', visit.tell))
    visit.takeAway('session')
    if (visit.wantsJson) response.json({ ended: ended.length })
    else response.redirect(303, '/')
  })

  app.post('/sessions/end', async (request, response) => {
    const visit = visitOf(request, response)
    const id = visit.sessionId()
    visit.refuseForgery(id)
    const session = visit.field('session', 64) ?? ''
    await demandPassword(visit, id, 'end_session')
    const { result: ended } = live(await sessions.end(id, { session }, visit.tell))
    if (ended.length === 0) {
      throw new Refusal(
        422,
        'No such session',
        'It is over already, or was never one of yours: see /sessions.',
      )
    }
    if (visit.wantsJson) response.json({ ended: ended.length })
    // Its own cookie too may be the one that is over: the list says so.
    else response.redirect(303, '/sessions?ended')
  })

  /** @throws PasswordWanted; or SignedOut, where nobody is signed in any more whose password it could be */
  async function demandPassword(
    visit: Visit,
    id: string,
    purpose: 'sign_out_everywhere' | 'end_session',
  ): Promise<void> {
    const user = await sessions.whose(id)
    if (await hasPassword(visit, { id, user, purpose }, { passwords, tries })) return
    live(await sessions.list(id, visit.tell))
    throw new PasswordWanted(purpose, 'missing')
  }
}
