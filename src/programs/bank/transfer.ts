/**
 * Money moves from one account to another. Deciding it is a function of what the store has; the balances, the
 * ledger and the answer under its idempotency key are written in the same step, or none of them.
 */
import { IDEMPOTENCY_KEPT_MS } from '../../protocols/http-session/constants.ts'
import { type IdempotencyRecord, judgeKey, requestDigest } from '../../protocols/http-session/idempotency.ts'
import type { Change, Entry, Json, Store } from '../../store/store.ts'
import { WITHOUT_PASSWORD_CENTS_MAX } from './limits.ts'
import { USERS } from './users.ts'

/** All amounts are whole cents: fractions of binary floating point are no money. */
export type Account = {
  readonly cents: number
  /** Transfers from this account so far: they are numbered. */
  readonly sent: number
  /** The newest first, for the account's page. */
  readonly recent: readonly Booking[]
}
/** One line of an account: what came (positive) or went. */
export type Booking = {
  readonly transfer: string
  readonly atMs: number
  readonly with: string
  readonly cents: number
}
/** One line of the ledger, which has every transfer ever made and nothing else: balances follow from it. */
export type LedgerLine = {
  readonly from: string
  readonly to: string
  readonly cents: number
  readonly atMs: number
}

/** What each account begins with: 1000.00. */
export const OPENING_CENTS = 100_000
const RECENT_MAX = 10

export const accountKey = (user: string) => `account:${user}`
export const ledgerKey = (transfer: string) => `ledger:${transfer}`
const idempotencyKey = (user: string, key: string) => `idempotency:${user}:${key}`
/** What a session has moved since its user last gave the password for a transfer. */
const movedKey = (sessionKey: string) => `moved:${sessionKey}`
/** No session lives longer. */
const MOVED_KEPT_MS = 86_400_000

/** `12`, `12.5` or `12.50`, of something: whole cents, or null. */
export function centsOf(text: string): number | null {
  const [, whole = '', fraction = ''] = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(text) ?? []
  const cents = Number(whole) * 100 + Number(fraction.padEnd(2, '0'))
  return whole !== '' && cents > 0 ? cents : null
}

export function amountOf(cents: number): string {
  return (cents / 100).toFixed(2)
}

/** Gives every user an account who has none; two servers may do so at once. */
export async function openAccounts(store: Store): Promise<void> {
  const keys = USERS.map(({ name }) => accountKey(name))
  const opened = { cents: OPENING_CENTS, sent: 0, recent: [] } satisfies Account
  await store.update(keys, (values) => ({
    write: new Map(
      keys.filter((key) => values.get(key) === undefined).map((key) => [key, { value: opened }]),
    ),
    result: null,
  }))
}

export interface TransferRequest {
  from: string
  to: string
  cents: number
  /** The idempotency key. Every user has their own. */
  key: string
  atMs: number
  /** Of the session that asks. */
  sessionKey: string
  /** With the password, and not with a cookie alone. */
  hasPassword: boolean
}

export type TransferAnswer =
  | { readonly done: true; readonly transfer: string; readonly balanceCents: number }
  | { readonly done: false; readonly because: 'funds'; readonly balanceCents: number }

export type TransferResult =
  | { kind: 'answered'; answer: TransferAnswer; isRepeated: boolean }
  | { kind: 'key_reused' | 'same_account' | 'password' }

/** What {@link decideTransfer} has to be given the values of. */
export function keysOfTransfer({ from, to, key, sessionKey }: TransferRequest): string[] {
  return [accountKey(from), accountKey(to), idempotencyKey(from, key), movedKey(sessionKey)]
}

/** Both accounts exist: whoever asks has seen to that. */
export function decideTransfer(
  values: ReadonlyMap<string, Json | undefined>,
  request: TransferRequest,
): Change<TransferResult> {
  const { from, to, cents, key, atMs, sessionKey, hasPassword } = request
  if (from === to) return { write: new Map(), result: { kind: 'same_account' } }
  const digest = requestDigest([to, String(cents)])
  const recordKey = idempotencyKey(from, key)
  const record = values.get(recordKey) as IdempotencyRecord<TransferAnswer> | undefined
  const judged = judgeKey(record, digest)
  if (judged.kind === 'reused') return { write: new Map(), result: { kind: 'key_reused' } }
  if (judged.kind === 'repeated') {
    return { write: new Map(), result: { kind: 'answered', answer: judged.answer, isRepeated: true } }
  }

  // All of it together: whoever has a cookie in their hands could ask for many small ones.
  const movedCents = cents + Number(values.get(movedKey(sessionKey)) ?? 0)
  if (!hasPassword && movedCents > WITHOUT_PASSWORD_CENTS_MAX) {
    return { write: new Map(), result: { kind: 'password' } }
  }

  const sender = values.get(accountKey(from)) as Account
  const recipient = values.get(accountKey(to)) as Account
  const transfer = `${from}-${sender.sent + 1}`
  const write = new Map<string, Entry>()
  const answer: TransferAnswer =
    sender.cents < cents
      ? { done: false, because: 'funds', balanceCents: sender.cents }
      : { done: true, transfer, balanceCents: sender.cents - cents }
  if (answer.done) {
    const book = (account: Account, other: string, change: number): Account => ({
      ...account,
      cents: account.cents + change,
      recent: [{ transfer, atMs, with: other, cents: change }, ...account.recent].slice(0, RECENT_MAX),
    })
    write.set(accountKey(from), { value: { ...book(sender, to, -cents), sent: sender.sent + 1 } })
    write.set(accountKey(to), { value: book(recipient, from, cents) })
    write.set(ledgerKey(transfer), { value: { from, to, cents, atMs } satisfies LedgerLine })
    const value = hasPassword ? 0 : movedCents
    write.set(movedKey(sessionKey), { value, expiresAtMs: atMs + MOVED_KEPT_MS })
  }
  // A refusal is an answer too: whoever asks again with this key is refused again, though there may be funds now.
  write.set(recordKey, { value: { request: digest, answer }, expiresAtMs: atMs + IDEMPOTENCY_KEPT_MS })
  return { write, result: { kind: 'answered', answer, isRepeated: false } }
}
