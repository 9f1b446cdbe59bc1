/** `{cert}`, `{key}`, `{ca}`: a server's certificate as files, for programs that want TLS. */
import { writeFileSync } from 'node:fs'
import { SERVER_NAME } from './names.ts'

/** Paths, by their words in a command. */
export interface CertificateFiles {
  cert: string
  key: string
  /** What a client has to trust. It is the certificate itself, which nobody else has signed. */
  ca: string
}

export function mentionsCertificate(command: string): boolean {
  return /\{(cert|key|ca)\}/.test(command)
}

/**
 * @param folder where the files go
 * @param subjects whom it is for, by addresses and names, beside the server's name
 * @param keep writes a file that only the programs' own user may read: servers refuse a key that others could read
 */
export async function makeCertificateFiles(
  folder: string,
  subjects: readonly string[],
  keep: (path: string, text: string) => Promise<void>,
): Promise<CertificateFiles> {
  // Most runs need none, and its library takes a third of a second to load.
  const { makeCertificate } = await import('../programs/bank/certificate.ts')
  const { privateKey, certificate } = await makeCertificate([SERVER_NAME, ...subjects])
  const [cert, key] = [`${folder}/${SERVER_NAME}.crt`, `${folder}/${SERVER_NAME}.key`]
  writeFileSync(cert, certificate)
  await keep(key, privateKey)
  return { cert, key, ca: cert }
}
