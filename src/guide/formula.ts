/**
 * The formula of a heartbeat, in the words of the program that has it: `pingInterval + pingTimeout`, or
 * `1500 * keepalive` where that is in seconds. Its value is in milliseconds. Pure.
 *
 *     sum = product { ("+" | "-") product }      product = factor { "*" factor }
 *     factor = number | name | "(" sum ")"
 *
 * A name may have dashes, as options of a command line have; a minus has a space beside it.
 */

/** What the names stand for; one that is not set stands for nothing. */
export type Terms = Readonly<Record<string, number | string | boolean>>

const TOKEN = /\s*(\d+(?:\.\d+)?|[A-Za-z_](?:[\w.]|-(?=\w))*|[-+*()])/y
const TOKENS_MAX = 100

/**
 * @returns milliseconds; null: a name in it has no number, so that there is no limit
 * @throws SyntaxError when it is no formula
 */
export function amountOf(formula: string, terms: Terms): number | null {
  const tokens = tokensOf(formula)
  const fail = (): never => {
    throw new SyntaxError(`"${formula}" is no formula; expected one such as "pingInterval + 2 * pingTimeout"`)
  }
  let isKnown = true

  function sum(): number {
    let value = product()
    while (tokens[0] === '+' || tokens[0] === '-') value += tokens.shift() === '+' ? product() : -product()
    return value
  }
  function product(): number {
    let value = factor()
    while (tokens[0] === '*') {
      tokens.shift()
      value *= factor()
    }
    return value
  }
  function factor(): number {
    const token = tokens.shift() ?? fail()
    if (token === '(') {
      const value = sum()
      return tokens.shift() === ')' ? value : fail()
    }
    if (/^\d/.test(token)) return Number(token)
    if (!/^[A-Za-z_]/.test(token)) return fail()
    const term = terms[token]
    if (typeof term === 'number') return term
    isKnown = false
    return 0
  }

  const value = sum()
  if (tokens.length > 0) fail()
  return isKnown ? value : null
}

function tokensOf(formula: string): string[] {
  const tokens: string[] = []
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(formula); match !== null; match = TOKEN.exec(formula)) {
    tokens.push(match[1] ?? '')
    if (tokens.length > TOKENS_MAX) break
    if (TOKEN.lastIndex >= formula.trimEnd().length) return tokens
  }
  throw new SyntaxError(`"${formula}" is no formula of numbers, names, + - * and parentheses`)
}
