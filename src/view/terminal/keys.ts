/** Keys as they are pressed, without waiting for Enter. */
import { emitKeypressEvents, type Key } from 'node:readline'

/**
 * Hands over each key until it is told to stop: a character as it is, or `enter`, `ctrl-c`, `ctrl-d`; what
 * has neither (arrows, function keys) is left out. In this raw mode the terminal sends no signals: Ctrl-C
 * is a key like any other, and must be obeyed by whoever listens.
 * @returns stops listening and gives the terminal back as it was; harmless when called again
 */
export function listenToKeys(input: NodeJS.ReadStream, onKey: (key: string) => void): () => void {
  emitKeypressEvents(input)
  const listener = (text: string | undefined, key: Key) => {
    const name = nameOf(text, key)
    if (name !== null) onKey(name)
  }
  const restore = () => {
    process.removeListener('exit', restore)
    input.removeListener('keypress', listener)
    input.setRawMode(false)
    // Else it would keep this process alive.
    input.pause()
  }
  input.on('keypress', listener)
  input.setRawMode(true)
  input.resume()
  // However this process ends, a shell whose terminal does not echo is a bad goodbye.
  process.once('exit', restore)
  return restore
}

function nameOf(text: string | undefined, key: Key): string | null {
  if (key.ctrl === true) return key.name === 'c' || key.name === 'd' ? `ctrl-${key.name}` : null
  if (key.name === 'return' || key.name === 'enter') return 'enter'
  return text !== undefined && key.meta !== true && /^[\u0020-\u007e]$/.test(text) ? text : null
}
