/**
 * Once, even if it is asked for twice: when a connection breaks after a request was sent, the client cannot know
 * whether it was done. It asks again with the same key, and gets the answer it missed
 * (draft-ietf-httpapi-idempotency-key-header-07).
 */
import { createHash } from 'node:crypto'

/** What is kept about a request that was answered; written in the same step as what the request did. */
export type IdempotencyRecord<Answer> = { readonly request: string; readonly answer: Answer }

/** A UUID fits. Too short a key would soon be used again for something else. */
export function isIdempotencyKey(text: string): boolean {
  return /^[\w-]{8,64}$/.test(text)
}

/** As the header has it: a string in quotes (RFC 9651 section 3.3.3), which many clients leave out. */
export function idempotencyKeyIn(header: string): string {
  return /^"(.*)"$/.exec(header)?.[1] ?? header
}

/** What makes two requests the same: all that they ask for. */
export function requestDigest(fields: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(fields)).digest('hex')
}

/**
 * `new`: do it. `repeated`: answer as before. `reused`: the key belongs to another request, 422 by the draft. (Its
 * 409, for the same request still under way, cannot occur where deciding and writing are one step.)
 */
export function judgeKey<Answer>(
  record: IdempotencyRecord<Answer> | undefined,
  digest: string,
): { kind: 'new' | 'reused' } | { kind: 'repeated'; answer: Answer } {
  if (record === undefined) return { kind: 'new' }
  return record.request === digest ? { kind: 'repeated', answer: record.answer } : { kind: 'reused' }
}
