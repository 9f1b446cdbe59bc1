/** From {@link Markup} to nodes, and the few other things that only a browser can do. */
/// <reference lib="dom" />
import { printableLines } from '../../foreign/printable.ts'
import type { Child } from './markup.ts'

const SVG = 'http://www.w3.org/2000/svg'
const HTML = 'http://www.w3.org/1999/xhtml'

/** Builds the nodes one by one: nothing is ever parsed as HTML. */
export function nodeOf(child: Child, namespace = HTML): Node {
  if (typeof child !== 'object') return document.createTextNode(printableLines(String(child)))
  const own = child.tag === 'svg' ? SVG : namespace
  const node = document.createElementNS(own, child.tag)
  for (const [name, value] of Object.entries(child.attributes)) {
    if (value !== undefined && value !== false) {
      node.setAttribute(name, value === true ? '' : printableLines(String(value)))
    }
  }
  node.append(...child.children.map((one) => nodeOf(one, own)))
  return node
}

/** Replaces what `parent` holds. */
export function fill(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children.map((child) => nodeOf(child)))
}

/**
 * Leaves a part of the page alone as long as the same would stand there: rebuilding a list that somebody
 * has open would close it, and while a run goes on this happens with every frame.
 */
export function fillIfNew(parent: Element, children: Child[]): boolean {
  const look = JSON.stringify(children)
  if (parent.getAttribute('data-look') === look) return false
  parent.setAttribute('data-look', look)
  fill(parent, ...children)
  return true
}

/** @param text from `toSvg`, which escapes whatever came from outside */
export function svgNode(text: string): SVGSVGElement {
  const parsed = new DOMParser().parseFromString(text, 'image/svg+xml')
  return document.importNode(parsed.documentElement, true) as unknown as SVGSVGElement
}

/** What stands in the page under a selector, where the code itself put it. */
export function within<T extends Element>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector)
  if (found === null) throw new Error(`nothing in the page fits "${selector}"`)
  return found
}
