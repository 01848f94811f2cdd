/** Visitors and origins choose the texts, so the cache is bounded. */
const MOST_TEXTS = 200
const LONGEST_TEXT = 200

/** Caches a pure function of a text, as headers repeat. What throws isn't cached. */
export function remembered<T>(answer: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  // Comparing two texts is cheaper than a Map look-up, which hashes the text first.
  let latest: { text: string; said: T } | undefined
  const answerAndKeep = (text: string) => {
    const said = answer(text)
    if (known.size >= MOST_TEXTS) known.clear()
    known.set(text, said)
    return said
  }
  return (text) => {
    if (latest?.text === text) return latest.said
    if (text.length > LONGEST_TEXT) return answer(text)
    const said = known.get(text) ?? answerAndKeep(text)
    latest = { text, said }
    return said
  }
}
