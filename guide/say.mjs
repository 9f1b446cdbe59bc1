/** How a client of the guide tells what its user would see: one line each, beginning with a word that `try` looks for. */
let wasReady = false

/** What is set, as the command line gives it. */
export const options = JSON.parse(process.argv[2] ?? '{}')
export const server = process.env.STILLHERE_SERVER

/** It is served: for the first time, or again. */
export function up(event) {
  console.log(`${wasReady ? 'up' : 'ready'} ${event}`)
  wasReady = true
}

/** It thinks that its peer is gone. @param about an Error, a number, a text */
export function down(event, ...about) {
  console.log(['down', event, ...about.map(words)].join(' ').trimEnd())
}

/** Something else that its user is told. */
export function saw(event, ...about) {
  console.log(['saw', event, ...about.map(words)].join(' ').trimEnd())
}

function words(one) {
  if (one instanceof Error) {
    const code = one.code === undefined ? '' : `${one.code} `
    const cause = one.cause instanceof Error ? ` (${words(one.cause)})` : ''
    return `${code}${one.name}: ${String(one.message).split('\n')[0]}${cause}`
  }
  if (one === undefined || one === null || one === '') return ''
  return typeof one === 'object' ? JSON.stringify(one) : String(one)
}
