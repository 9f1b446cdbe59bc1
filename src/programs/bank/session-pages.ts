/** The pages on which a user sees and ends their sessions, and the one that asks for the password again. */
import { html, type Notice, page, timeOf } from './pages.ts'
import type { UserSession } from './sessions.ts'

export interface SessionsView {
  user: string
  sessions: readonly UserSession[]
  csrf: string
  server: string
  notice: Notice | null
}

export function sessionsPage({ user, sessions, csrf, server, notice }: SessionsView): string {
  const rows = sessions.map(({ session, signedInAtMs, usedAtMs, isThis }) => {
    const end = isThis
      ? html`this one`
      : html`<form method="post" action="/sessions/end"><input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="session" value="${session}"><button aria-label="End ${session}">End</button></form>`
    return html`<tr><th scope="row"><code>${session}</code></th><td>${timeOf(signedInAtMs)}, last used ${timeOf(usedAtMs)}</td><td>${end}</td></tr>`
  })
  return page(
    `Sessions of ${user}`,
    notice,
    server,
    html`<p>Each browser in which you are signed in has one. One that you do not know is somebody else with your name.</p>
<table><caption>Live sessions, the newest last (times are UTC; the last use is written down within 15 seconds)</caption>
<thead><tr><th scope="col">Session</th><th scope="col">Signed in</th><th scope="col">End it</th></tr></thead>
<tbody>${rows}</tbody></table>
<form method="post" action="/sign-out-everywhere"><input type="hidden" name="csrf" value="${csrf}"><button>Sign out everywhere</button>
<span class="hint">here too, and wherever else somebody has your cookie</span></form>
<p><a href="/account">To the account</a></p>`,
  )
}

export interface PasswordView {
  /** What it is wanted for, as a sentence. */
  reason: string
  /** Where the form goes, and what it said the first time. */
  action: string
  fields: readonly (readonly [name: string, value: string])[]
  isWrong: boolean
  server: string
}

export function passwordPage({ reason, action, fields, isWrong, server }: PasswordView): string {
  const notice = isWrong
    ? { kind: 'error' as const, text: 'That is not your password. Nothing was done.' }
    : null
  const said = fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
  return page(
    'Your password again',
    notice,
    server,
    html`<p>${reason}</p>
<form method="post" action="${action}">
${said}
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="128" required></p>
<p><button>Go on</button></p>
</form>
<p><a href="/account">Do nothing, and go to the account</a></p>`,
  )
}
