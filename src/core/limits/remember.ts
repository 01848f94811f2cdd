/** Adds an entry to a memory that is bounded: where it is full, the oldest is forgotten. */
export function remember<K, V>(memory: Map<K, V>, key: K, value: V, most: number): void {
  memory.delete(key)
  for (const oldest of memory.keys()) {
    if (memory.size < most) break
    memory.delete(oldest)
  }
  memory.set(key, value)
}
