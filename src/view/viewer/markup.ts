/**
 * A page as plain data, before it is HTML text (in the report, written by Node) or nodes (in a browser):
 * matrix, checks and tables are written down once, and tested without a browser.
 *
 * It is also what keeps hostile names and payloads harmless. A text is a text in both: there is no way to
 * say "this string is HTML".
 */
import { escapedXml } from '../../foreign/printable.ts'

export interface Markup {
  tag: string
  /** `true` is an attribute without a value; `false` and undefined leave it out. */
  attributes: Readonly<Record<string, string | number | boolean | undefined>>
  children: readonly Child[]
}
export type Child = Markup | string | number

/** `element('p', { class: 'quiet' }, 'nothing happened')` */
export function element(tag: string, attributes: Markup['attributes'], ...children: Child[]): Markup {
  return { tag, attributes, children }
}

/** As HTML text. */
export function htmlOf(child: Child): string {
  if (typeof child !== 'object') return escapedXml(String(child))
  const { tag, attributes, children } = child
  const written = Object.entries(attributes).flatMap(([name, value]) => {
    if (value === undefined || value === false) return []
    return value === true ? [` ${name}`] : [` ${name}="${escapedXml(String(value))}"`]
  })
  return `<${tag}${written.join('')}>${children.map(htmlOf).join('')}</${tag}>`
}
