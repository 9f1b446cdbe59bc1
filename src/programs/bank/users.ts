/**
 * The bank's users. It is a lab: their passwords are no secret and stand on its sign-in page. They are kept as a
 * real bank would keep them all the same.
 */
import type { PasswordHash } from './passwords.ts'

export interface User {
  readonly name: string
  readonly password: string
  readonly hash: PasswordHash
}

function user(name: string, password: string, salt: string, hash: string): User {
  return { name, password, hash: { salt: Buffer.from(salt, 'hex'), hash: Buffer.from(hash, 'hex') } }
}

export const USERS: readonly User[] = [
  user(
    'alice',
    'alice counts every coin',
    '96a28159dc573888fc150f9ceef9d5da',
    '99ca44b590b2e81ad8027c6f4cdfb36f4957f0af62547a0c53b804d86ade9326',
  ),
  user(
    'bob',
    'bob buys bread on fridays',
    '07e4d8e28c9ed114a5c23711e55f6306',
    'b8ab5ed702c61eb2d220a180cff4df766cd8edf12c305b73c69cff61ff5608bf',
  ),
  user(
    'carol',
    'carol carries no cash',
    '3d764dcd79c418e683adcab530c33a24',
    '69a748c0163117c7dd064041e9afb4bc4a9d924b8702c00a399e3c802ceef0fd',
  ),
  user(
    'dave',
    'dave divides by twelve',
    '1600a3f7beb1d9a1d14494c7f45a9a93',
    '583adf5264932a510d673ed5b40c545b11a4fee2de66ba569a7d420ede0c87c8',
  ),
]
