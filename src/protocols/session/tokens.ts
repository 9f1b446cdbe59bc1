/**
 * The tokens of one session; a server keeps only hashes of them. With each resume the client presents the token
 * in force and proposes the next, which is in force once the client has shown that it receives.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of each, in hex. */
export interface TokenHashes {
  /** In force. */
  tokenHash: string
  /** Proposed, and not confirmed yet: it is as good as the one before. */
  nextHash: string | null
  /** The one before: whoever presents it has a copy, or was copied. */
  usedHash: string | null
}

/**
 * Whose claim it is, by the token it presents and the one it proposes:
 *
 * `owner`: the token is in force. `owner-ahead`: the proposed one, so its client knows our RESUMED; it is only its
 * PONG that we never got. `late-copy`: of the RESUME that was confirmed; its client has gone on. `reused`: the token
 * of before with another proposal: one of two is a thief, and nothing tells which. `wrong`: any other.
 */
export type Claimant = 'owner' | 'owner-ahead' | 'late-copy' | 'reused' | 'wrong'

export function claimantOf(kept: TokenHashes, presented: string, proposed: string): Claimant {
  if (equal(presented, kept.tokenHash)) return 'owner'
  if (equal(presented, kept.nextHash)) return 'owner-ahead'
  if (!equal(presented, kept.usedHash)) return 'wrong'
  return equal(proposed, kept.tokenHash) ? 'late-copy' : 'reused'
}

/** The proposed token is in force from now on; nothing changes where there is none. */
export function takeNext(kept: TokenHashes): void {
  if (kept.nextHash === null) return
  kept.usedHash = kept.tokenHash
  kept.tokenHash = kept.nextHash
  kept.nextHash = null
}

/** A token has 128 random bits: a fast hash without salt is enough, since nobody can try them all. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** Takes as long whether the first digit differs or the last. */
function equal(one: string, other: string | null): boolean {
  return other !== null && timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'))
}
