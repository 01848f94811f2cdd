/** Samples are for people to look at: what could be a secret or a person is masked. */

/** A word, with what makes an address of it. */
const E_MAIL = /[\w.+-]+(?:@[\w-]+(?:\.[\w-]+)+)?/g
/** Letters and digits mixed, or long: keys, session ids, hashes, JWTs. */
const TOKEN = /[A-Za-z0-9_\-+/=.]{12,}/g
const LONGEST = 60

/** The text, masked and shortened. */
export function redacted(text: string): string {
  const masked = text
    .replace(E_MAIL, (word) => (word.includes('@') ? '‹e-mail›' : word))
    .replace(TOKEN, (word) => (looksSecret(word) ? '‹token›' : word))
    .replace(/\d/g, '9')
  return masked.length <= LONGEST ? masked : `${masked.slice(0, LONGEST - 1)}…`
}

function looksSecret(word: string): boolean {
  return /\d/.test(word) && /[A-Za-z]/.test(word) ? true : !word.includes('/') && word.length >= 24
}
