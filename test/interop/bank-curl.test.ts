/** curl with a cookie jar signs in, transfers and signs out: a client that nobody here wrote. */
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { type Certificate, makeCertificate } from '../../src/programs/bank/certificate.ts'
import { USERS } from '../../src/programs/bank/users.ts'
import { openBank } from '../programs/bank/support.ts'
import { describeNeeding } from '../support/needs.ts'

const run = promisify(execFile)
const password = USERS[0]?.password ?? ''

async function openWithCurl(certificate?: Certificate) {
  const bank = await openBank(certificate === undefined ? {} : { certificate })
  const folder = mkdtempSync(join(tmpdir(), 'stillhere-curl-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const jar = join(folder, 'jar')
  const trusted = join(folder, 'certificate.pem')
  if (certificate !== undefined) writeFileSync(trusted, certificate.certificate)
  const trust = certificate === undefined ? [] : ['--cacert', trusted]
  /** The status of the last answer, and its page; redirects are followed. */
  async function curl(path: string, fields: Record<string, string> = {}, cookies = jar) {
    const data = Object.entries(fields).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`])
    const args = ['--silent', '--show-error', '--location', '--max-time', '10', '-b', cookies, '-c', cookies]
    const { stdout } = await run('curl', [
      ...args,
      ...trust,
      ...['--write-out', '\n%{http_code}', ...data],
      new URL(path, bank.url).href,
    ])
    const [, page = '', status = ''] = /^([\s\S]*)\n(\d+)$/.exec(stdout) ?? []
    return { status: Number(status), page }
  }
  return { bank, jar, curl }
}

function fieldIn(page: string, name: string): string {
  return new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? ''
}

describeNeeding('curl', existsSync('/usr/bin/curl'))('curl', () => {
  test.each(['http', 'https'])('over %s signs in, transfers once, and signs out', async (scheme) => {
    const certificate = scheme === 'https' ? await makeCertificate([]) : undefined
    const { bank, jar, curl } = await openWithCurl(certificate)

    const door = await curl('/')
    const account = await curl('/sign-in', { user: 'alice', password, csrf: fieldIn(door.page, 'csrf') })
    expect(account.page).toContain('<h1>Account of alice</h1>')
    // In the jar, after #HttpOnly_: host, subdomains or not, path, TLS only or not, expiry (0: none), name.
    const name = scheme === 'https' ? '__Host-session' : 'session'
    const kept = readFileSync(jar, 'utf8')
      .split('\n')
      .map((line) => line.split('\t').slice(0, 6))
    const isSecure = scheme === 'https' ? 'TRUE' : 'FALSE'
    expect(kept).toContainEqual(['#HttpOnly_127.0.0.1', 'FALSE', '/', isSecure, '0', name])

    const [csrf, key] = [fieldIn(account.page, 'csrf'), fieldIn(account.page, 'key')]
    for (const time of ['first', 'again']) {
      const after = await curl('/transfer', { to: 'bob', amount: '12.34', csrf, key })
      expect([time, after.status]).toEqual([time, 200])
      expect(after.page).toContain('Transfer alice-1 is done: 12.34 to bob.')
      expect(after.page).toContain('<strong id="balance">987.66</strong>')
    }
    expect(
      (await curl('/transfer', { to: 'bob', amount: '1', csrf: 'guessed', key: 'another-key' })).status,
    ).toBe(403)

    copyFileSync(jar, `${jar}.copy`)
    expect((await curl('/account', {}, `${jar}.copy`)).status).toBe(200)
    expect((await curl('/sign-out', { csrf })).page).toContain('<h1>Sign in</h1>')
    // Both jars still have the cookie (curl 7.88 reads its jar again after a redirect): it is good for nothing.
    expect((await curl('/account')).status).toBe(401)
    expect((await curl('/account', {}, `${jar}.copy`)).status).toBe(401)
    // One session over many connections: each of its requests had one of its own, the redirects aside.
    const used = bank.log.events.flatMap(({ name, groupId }) =>
      name === 'http-session:used' ? [groupId] : [],
    )
    expect(new Set(used).size).toBeGreaterThan(4)
  })

  test('finds no certificate that it would trust unasked', async () => {
    const bank = await openBank({ certificate: await makeCertificate([]) })
    await expect(run('curl', ['--silent', '--show-error', bank.url])).rejects.toThrow(
      /self-signed certificate/,
    )
  })
})
