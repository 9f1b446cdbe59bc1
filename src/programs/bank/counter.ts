/** What one can do at the bank: sign in, look at the account, transfer. */
import type { Express, Request, Response } from 'express'
import { csrfTokenOf } from '../../protocols/http-session/forgery.ts'
import { idempotencyKeyIn, isIdempotencyKey } from '../../protocols/http-session/idempotency.ts'
import { RateTable } from '../../protocols/http-session/rate.ts'
import { sessionKeyOf } from '../../protocols/http-session/session.ts'
import { answerAccount, answerSignIn } from './answers.ts'
import type { Devices } from './devices.ts'
import { PASSWORD_LENGTH_MAX, RATES, USER_LENGTH_MAX } from './limits.ts'
import { hasPassword, PasswordWanted } from './password-again.ts'
import { Refusal } from './refusal.ts'
import type { SessionDeskOptions } from './session-desk.ts'
import type { Outcome } from './sessions.ts'
import { type Account, accountKey, amountOf, centsOf, decideTransfer, keysOfTransfer } from './transfer.ts'
import { USERS } from './users.ts'
import { live, type Visit } from './visit.ts'

export function openCounter(
  app: Express,
  visitOf: (request: Request, response: Response) => Visit,
  { sessions, devices, passwords, tries, server }: SessionDeskOptions & { devices: Devices },
): void {
  const transfers = new RateTable(RATES.transfers)

  app.get('/', async (request, response) => {
    const visit = visitOf(request, response)
    const id = visit.presentedId()
    if (id !== null && (await look(visit, id)).state === 'live') response.redirect(303, '/account')
    else answerSignIn(visit, server, null)
  })

  app.post('/sign-in', async (request, response) => {
    const visit = visitOf(request, response)
    const visitor = visit.presented('sign-in')
    visit.refuseForgery(visitor.kind === 'one' ? visitor.id : null)
    const user = visit.field('user', USER_LENGTH_MAX) ?? ''
    const password = visit.field('password', PASSWORD_LENGTH_MAX) ?? ''
    const known = USERS.find(({ name }) => name === user)
    const presented = visit.presented('device')
    const device = presented.kind === 'one' ? presented.id : null
    const knownAs = known !== undefined && device !== null ? await devices.knownAs(user, device) : null
    tries.takeSignIn(visit, user, knownAs)
    const isRight = await passwords.isRight(password, known?.hash)
    if (!isRight) {
      visit.tell('bank:sign_in_refused', { because: 'name_or_password' })
      answerSignIn(visit, server, 'Name or password is wrong. The bank does not say which of the two.')
      return
    }
    const deviceId = await devices.remember(user, device)
    const id = await sessions.signIn(user, visit.presentedId(), visit.tell)
    visit.keep('session', id)
    visit.takeAway('sign-in')
    visit.keep('device', deviceId)
    if (visit.wantsJson) response.json({ user, csrf: csrfTokenOf(id) })
    else response.redirect(303, '/account')
  })

  app.get('/account', async (request, response) => {
    const visit = visitOf(request, response)
    const id = visit.sessionId()
    const { user, result: account } = live(await look(visit, id))
    answerAccount(visit, server, user, account, id)
  })

  app.post('/transfer', async (request, response) => {
    const visit = visitOf(request, response)
    const id = visit.sessionId()
    visit.refuseForgery(id)
    const checked = { id, user: await sessions.whose(id), purpose: 'transfer' } as const
    const asked = {
      ...askedTransfer(visit),
      sessionKey: sessionKeyOf(id),
      hasPassword: await hasPassword(visit, checked, { passwords, tries }),
    }
    const outcome = await sessions.within(
      id,
      (user) => {
        visit.takeRate('transfers', transfers, user)
        return keysOfTransfer({ ...asked, from: user })
      },
      (values, user) => decideTransfer(values, { ...asked, from: user }),
      visit.tell,
    )
    const { user, result } = live(outcome)
    if (result.kind === 'password') throw new PasswordWanted('transfer', 'missing')
    if (result.kind !== 'answered') throw refuseTransfer(visit, result.kind)
    const { answer, isRepeated } = result
    const [amount, balance] = [amountOf(asked.cents), amountOf(answer.balanceCents)]
    if (isRepeated) {
      visit.tell('bank:transfer_repeated', { transfer: answer.done ? answer.transfer : null })
      response.set('Idempotent-Replayed', 'true')
    } else if (answer.done) {
      const { transfer } = answer
      visit.tell('bank:transfer_done', { transfer, from: user, to: asked.to, cents: asked.cents })
    } else visit.tell('bank:transfer_refused', { because: 'funds' })

    if (!answer.done) {
      throw new Refusal(409, 'Not enough money', `Your balance is ${balance}; you asked for ${amount}.`)
    }
    if (visit.wantsJson) response.json({ transfer: answer.transfer, to: asked.to, amount, balance })
    // See other: to load that page again asks for no transfer again (RFC 9110 section 15.4.4).
    else response.redirect(303, `/account?transfer=${answer.transfer}`)
  })

  function look(visit: Visit, id: string): Promise<Outcome<Account>> {
    return sessions.within(
      id,
      (user) => [accountKey(user)],
      (values, user) => ({ write: new Map(), result: values.get(accountKey(user)) as Account }),
      visit.tell,
    )
  }
}

/** @throws Refusal */
function askedTransfer(visit: Visit) {
  const to = visit.field('to', USER_LENGTH_MAX)
  if (to === null || !USERS.some(({ name }) => name === to)) throw refuseTransfer(visit, 'recipient')
  const cents = centsOf(visit.field('amount', 16) ?? '')
  if (cents === null) throw refuseTransfer(visit, 'amount')
  const key = idempotencyKeyIn(visit.request.get('Idempotency-Key') ?? visit.field('key', 64) ?? '')
  if (!isIdempotencyKey(key)) throw refuseTransfer(visit, 'key')
  return { to, cents, key, atMs: Date.now() }
}

const TRANSFER_REFUSALS = {
  recipient: [422, 'No such recipient', 'Give the name of a user of this bank as "to".'],
  same_account: [422, 'Nothing to move', 'From and to are the same account.'],
  amount: [422, 'What amount?', 'Give more than nothing as "amount": 12 or 12.50.'],
  key: [
    400,
    'A key is missing',
    'Send 8 to 64 letters, digits or hyphens as "key" or in the header Idempotency-Key, new for each transfer and the same when you ask for it again: so it is done once.',
  ],
  key_reused: [
    422,
    'Another transfer has this key',
    'A key stands for one transfer: the same amount to the same recipient. Choose another key for another one.',
  ],
} as const

function refuseTransfer(visit: Visit, because: keyof typeof TRANSFER_REFUSALS): Refusal {
  visit.tell('bank:transfer_refused', { because })
  const [status, title, detail] = TRANSFER_REFUSALS[because]
  return new Refusal(status, title, detail)
}
