/** Which of many has something to do next: a heap, so that thousands of calls cost little. */
export class Deadlines<Key> {
  readonly #heap: { atMs: number; key: Key }[] = []
  readonly #atMs = new Map<Key, number>()

  get dueAtMs(): number {
    this.#dropStale()
    return this.#heap[0]?.atMs ?? Infinity
  }

  /** Instead of what was set for it before; Infinity: nothing to do. */
  set(key: Key, atMs: number): void {
    if (this.#atMs.get(key) === atMs) return
    if (atMs === Infinity) {
      this.#atMs.delete(key)
      return
    }
    this.#atMs.set(key, atMs)
    this.#heap.push({ atMs, key })
    this.#rise(this.#heap.length - 1)
  }

  /** The earliest that is due; null: none is. It is not due any more. */
  take(nowMs: number): Key | null {
    if (this.dueAtMs > nowMs) return null
    const [first] = this.#heap
    if (first === undefined) return null
    this.#atMs.delete(first.key)
    this.#pop()
    return first.key
  }

  /** What was set anew is still in the heap with its old time. */
  #dropStale(): void {
    for (let first = this.#heap[0]; first && this.#atMs.get(first.key) !== first.atMs; first = this.#heap[0])
      this.#pop()
  }

  #pop(): void {
    const last = this.#heap.pop()
    if (last === undefined || this.#heap.length === 0) return
    this.#heap[0] = last
    this.#sink(0)
  }

  #at = (place: number) => this.#heap[place]?.atMs ?? Infinity

  #swap(one: number, other: number): void {
    const [a, b] = [this.#heap[one], this.#heap[other]]
    if (a === undefined || b === undefined) return
    this.#heap[one] = b
    this.#heap[other] = a
  }

  #rise(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1
      if (this.#at(parent) <= this.#at(place)) return
      this.#swap(place, parent)
      place = parent
    }
  }

  #sink(from: number): void {
    for (let place = from; ; ) {
      const [left, right] = [2 * place + 1, 2 * place + 2]
      const least = this.#at(right) < this.#at(left) ? right : left
      if (this.#at(least) >= this.#at(place)) return
      this.#swap(place, least)
      place = least
    }
  }
}
