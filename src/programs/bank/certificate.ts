/** A certificate for this run: signed by itself, so that whoever wants to trust it has to be given it. */
import { isIP } from 'node:net'
import { generate } from 'selfsigned'

export interface Certificate {
  /** PEM. Stays in this process: it is never written to a disk. */
  privateKey: string
  /** PEM, for everybody. */
  certificate: string
}

/** No run is longer; and what is left behind of it is soon good for nothing. */
const VALID_MS = 86_400_000

/** @param addresses beside `localhost` and 127.0.0.1, by which clients call this server */
export async function makeCertificate(addresses: readonly string[]): Promise<Certificate> {
  const names = [...new Set(['localhost', '127.0.0.1', ...addresses])]
  const made = await generate([{ name: 'commonName', value: 'stillhere' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + VALID_MS),
    extensions: [
      // It signs nobody but itself.
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  })
  return { privateKey: made.private, certificate: made.cert }
}
