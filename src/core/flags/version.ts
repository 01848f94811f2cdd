/**
 * Versions by semver.org 2.0.0: three numbers, and what may come before a release (`1.2.0-rc.1`). What apps send is often less
 * (`4.10`), or more (`v4.3.0`, `4.3.0.1187`).
 */

/** Versions beyond this are noise, and noise should cost little. */
const LONGEST_VERSION = 256

/** The grammar of semver.org, backwards compatible with nothing else. Build metadata decides nothing. */
const SHAPE =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-z-][\da-z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-z-][\da-z-]*))*))?(?:\+[\da-z-]+(?:\.[\da-z-]+)*)?$/i

export type Version = { numbers: readonly number[]; prerelease: readonly string[] }

/** Parses a version; undefined for anything else. Blanks around it are ignored. */
export function parseVersion(written: string): Version | undefined {
  if (written.length > LONGEST_VERSION) return undefined
  const [, major, minor, patch, prerelease] = SHAPE.exec(written.trim()) ?? []
  const numbers = [Number(major), Number(minor), Number(patch)]
  if (!numbers.every(Number.isSafeInteger)) return undefined
  return { numbers, prerelease: prerelease?.split('.') ?? [] }
}

/** The first number of a text, with up to two more behind dots. Longer numbers are none. */
const LOOSE = /(?:^|\D)(\d{1,16})(?:\.(\d{1,16}))?(?:\.(\d{1,16}))?(?!\d)/

/**
 * Reads a version as the npm package semver does, by `coerce`: a version in full as it is, with or without a leading `v`; of
 * anything else the first number with up to two more, so `4.10` and `Shop/4.10 (iOS)` are 4.10.0. Undefined without a number.
 */
export function coerceVersion(written: string): Version | undefined {
  if (written.length > LONGEST_VERSION) return undefined
  const whole = parseVersion(written.trim().replace(/^v/i, ''))
  if (whole !== undefined) return whole
  const [isThere, major, minor = '0', patch = '0'] = LOOSE.exec(written) ?? []
  return isThere === undefined ? undefined : parseVersion(`${major}.${minor}.${patch}`)
}

/** As flagd reads a version: with a leading `v`, and `2` is `2.0.0`, `v2.1` is `2.1.0`. */
export function parseFlagdVersion(written: string): Version | undefined {
  const bare = written.replace(/^v/i, '')
  const [isShort, minor] = /^\d+(\.\d+)?$/.exec(bare) ?? []
  return parseVersion(isShort ? `${bare}${minor ? '' : '.0'}.0` : bare.trim().replace(/^v/, ''))
}

/** As LaunchDarkly reads a version: `2` is `2.0.0`, `2.1-rc.1` is `2.1.0-rc.1`. */
export function parseLaunchDarklyVersion(written: string): Version | undefined {
  const filled = written.replace(
    /^\d+(\.\d+)?(?![.\d])/,
    (numbers, minor) => `${numbers}${minor ? '' : '.0'}.0`,
  )
  return parseVersion(written) ?? parseVersion(filled)
}

/** As GrowthBook compares versions: as texts, whose numbers have five places. */
export function growthBookVersion(value: unknown): string {
  const written = typeof value === 'number' ? String(value) : value
  const parts = (typeof written === 'string' && written ? written.slice(0, LONGEST_VERSION) : '0')
    .replace(/^v|\+.*$/g, '')
    .split(/[-.]/)
  // After every letter: a release comes after what came before it.
  if (parts.length === 3) parts.push('~')
  return parts.map((part) => (isDigits(part) ? part.padStart(5, ' ') : part)).join('-')
}

/** Negative where `a` comes before `b`, 0 where they have the same precedence. */
export function compareVersions(a: Version, b: Version): number {
  for (let index = 0; index < 3; index++) {
    const difference = (a.numbers[index] ?? 0) - (b.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  return comparePrereleases(a.prerelease, b.prerelease)
}

/** A release comes after what came before it; then part by part, numbers before texts, and fewer parts first. */
function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (const [index, part] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    if (part === other) continue
    const [number, otherNumber] = [Number(part), Number(other)]
    const areNumbers = [isDigits(part), isDigits(other)]
    if (areNumbers[0] && areNumbers[1]) return number - otherNumber
    if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] ? -1 : 1
    return part < other ? -1 : 1
  }
  return a.length - b.length
}

function isDigits(text: string): boolean {
  return /^\d+$/.test(text)
}
