/** The part of a Map that look-ups need. */
export type Lookup<Value> = {
  readonly size: number
  has(key: string): boolean
  get(key: string): Value | undefined
  keys(): Iterable<string>
  values(): Iterable<Value>
}

/** A map whose values are made on first use and kept. `make` must be pure. */
export class LazyMap<Value> implements Lookup<Value> {
  readonly #keys: Pick<Lookup<Value>, 'size' | 'has' | 'keys'>
  readonly #make: (key: string) => Value
  readonly #made = new Map<string, Value>()

  constructor(keys: Pick<Lookup<Value>, 'size' | 'has' | 'keys'>, make: (key: string) => Value) {
    this.#keys = keys
    this.#make = make
  }

  get size(): number {
    return this.#keys.size
  }

  has(key: string): boolean {
    return this.#keys.has(key)
  }

  get(key: string): Value | undefined {
    const made = this.#made.get(key)
    if (made !== undefined || !this.#keys.has(key)) return made
    const value = this.#make(key)
    this.#made.set(key, value)
    return value
  }

  keys(): Iterable<string> {
    return this.#keys.keys()
  }

  *values(): Iterable<Value> {
    for (const key of this.keys()) yield this.get(key) as Value
  }

  /** The values, without keeping those that are made for this. */
  *glance(): Iterable<Value> {
    for (const key of this.keys()) yield this.#made.get(key) ?? this.#make(key)
  }
}
