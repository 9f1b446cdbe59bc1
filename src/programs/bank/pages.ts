/** The bank's pages: whole documents, without a script, so that they work in every browser and with a screen reader. */
import { escapedXml } from '../../foreign/printable.ts'
import { type Account, amountOf } from './transfer.ts'
import { USERS } from './users.ts'

/** Markup, as opposed to text. */
class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}
type Part = string | number | Markup | readonly Markup[]

/** Whatever is put in is text, unless it is markup itself: nobody has to think of escaping. */
export function html(pieces: TemplateStringsArray, ...parts: Part[]): Markup {
  const rendered = parts.map((part) => {
    if (part instanceof Markup) return part.text
    if (Array.isArray(part)) return part.map(({ text }: Markup) => text).join('')
    return escapedXml(String(part))
  })
  return new Markup(pieces.map((piece, index) => piece + (rendered[index] ?? '')).join(''))
}
const nothing = html``

/** As people read it, in UTC. */
export function timeOf(atMs: number): Markup {
  const iso = new Date(atMs).toISOString()
  return html`<time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')}</time>`
}

/** What the page has to say first. */
export interface Notice {
  kind: 'error' | 'done'
  text: string
}

export function page(title: string, notice: Notice | null, server: string, body: Markup): string {
  const said =
    notice &&
    html`<p class="notice ${notice.kind}" role="${notice.kind === 'error' ? 'alert' : 'status'}">${notice.text}</p>`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${notice?.kind === 'error' ? 'Error: ' : ''}${title} – Bank of stillhere</title>
<link rel="stylesheet" href="/style.css">
<link rel="icon" href="data:,">
</head>
<body>
<header><p>Bank of stillhere</p></header>
<main>
<h1>${title}</h1>
${said ?? nothing}
${body}
</main>
<footer><p>Served by ${server}. This bank is an experiment; its money is as well.</p></footer>
</body>
</html>
`.text
}

export function signInPage({
  csrf,
  server,
  notice,
}: {
  csrf: string
  server: string
  notice: Notice | null
}): string {
  const users = USERS.map(
    ({ name, password }) => html`<tr><td>${name}</td><td><code>${password}</code></td></tr>`,
  )
  return page(
    'Sign in',
    notice,
    server,
    html`<form method="post" action="/sign-in">
<input type="hidden" name="csrf" value="${csrf}">
<p><label for="user">Name</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="32" required></p>
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="128" required></p>
<p><button>Sign in</button></p>
</form>
<details><summary>Who banks here?</summary>
<table><caption>In a lab passwords are no secret</caption>
<thead><tr><th scope="col">Name</th><th scope="col">Password</th></tr></thead>
<tbody>${users}</tbody></table></details>`,
  )
}

export interface AccountView {
  user: string
  account: Account
  csrf: string
  /** For the next transfer: sent twice, it is done once. */
  transferKey: string
  server: string
  notice: Notice | null
}

export function accountPage({ user, account, csrf, transferKey, server, notice }: AccountView): string {
  const others = USERS.filter(({ name }) => name !== user).map(({ name }) => html`<option>${name}</option>`)
  const rows = account.recent.map(
    (booking) => html`<tr><td>${booking.transfer}</td>
<td>${timeOf(booking.atMs)}</td>
<td>${booking.cents < 0 ? 'to' : 'from'} ${booking.with}</td>
<td class="amount">${amountOf(booking.cents)}</td></tr>`,
  )
  const history =
    rows.length === 0
      ? html`<p>Nothing has moved yet.</p>`
      : html`<table><caption>The last transfers, newest first (times are UTC)</caption>
<thead><tr><th scope="col">Number</th><th scope="col">Time</th><th scope="col">With</th><th scope="col" class="amount">Amount</th></tr></thead>
<tbody>${rows}</tbody></table>`
  return page(
    `Account of ${user}`,
    notice,
    server,
    html`<p>Balance: <strong id="balance">${amountOf(account.cents)}</strong></p>
<section aria-labelledby="transfer-title">
<h2 id="transfer-title">Transfer</h2>
<form method="post" action="/transfer">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="key" value="${transferKey}">
<p><label for="to">To</label> <select id="to" name="to" required>${others}</select></p>
<p><label for="amount">Amount</label>
<input id="amount" name="amount" inputmode="decimal" autocomplete="off" pattern="[0-9]{1,7}([.][0-9]{1,2})?" aria-describedby="amount-hint" required>
<span id="amount-hint" class="hint">as 12 or 12.50</span></p>
<p><button>Transfer</button></p>
</form>
</section>
<section aria-labelledby="history-title">
<h2 id="history-title">History</h2>
${history}
</section>
<section aria-labelledby="leave-title">
<h2 id="leave-title">Leave</h2>
<form method="post" action="/sign-out"><input type="hidden" name="csrf" value="${csrf}"><button>Sign out</button></form>
<p><a href="/sessions">Your sessions</a>: where else you are signed in, and how to end that</p>
</section>`,
  )
}

export function problemPage({
  title,
  detail,
  server,
}: {
  title: string
  detail: string
  server: string
}): string {
  return page(title, { kind: 'error', text: detail }, server, html`<p><a href="/">To the front door</a></p>`)
}

export const STYLE = `:root { color-scheme: light dark; --accent: light-dark(#0b57a4, #8ec5ff); --line: light-dark(#c8ccd2, #4a5058); }
* { box-sizing: border-box; }
html { background: canvas; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 40rem; padding: 1rem; }
header, footer { color: light-dark(#4a5058, #b4bac2); }
header { border-bottom: 2px solid var(--accent); font-weight: 600; }
footer { border-top: 1px solid var(--line); font-size: .875rem; margin-top: 2rem; }
label { display: block; font-weight: 600; }
input, select, button { border: 1px solid var(--line); border-radius: .375rem; font: inherit; min-height: 2.75rem; padding: .375rem .75rem; }
input, select { max-width: 20rem; width: 100%; }
button { background: var(--accent); border-color: var(--accent); color: light-dark(#fff, #0d1117); cursor: pointer; font-weight: 600; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .5rem .25rem 0; text-align: left; }
.amount { font-variant-numeric: tabular-nums; text-align: right; }
.hint { color: light-dark(#4a5058, #b4bac2); font-size: .875rem; }
.notice { border-left: .375rem solid; padding: .5rem .75rem; }
.error { border-color: light-dark(#b3261e, #ff8a80); }
.done { border-color: light-dark(#1b6e3c, #7fd8a4); }
form + form { margin-top: .75rem; }
#balance { font-size: 1.5rem; }
`
