/** What a page in one file may do. */
import { createHash } from 'node:crypto'

/** As a line of its head: nothing is loaded, and nothing but these two runs, whatever a peer has written into the log. */
export function policyOf(script: string, style: string): string {
  return `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '${hashOf(script)}'; style-src '${hashOf(style)}'; base-uri 'none'; form-action 'none'">`
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
