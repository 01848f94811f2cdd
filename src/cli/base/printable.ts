/** What a terminal shows, made safe: as all text from outside, and as texts that this program laid out itself. */
import { escapeOf, printable } from '../../core/plain-text.ts'

export { jsonText, printable, printableDeep } from '../../core/plain-text.ts'

/** What doesn't show, without the layout of our own texts, and our own colours. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours start with the escape character
const UNSEEN_IN_TEXT = /\x1b\[(?:[12]|22|3[12369])m|[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu

/** A text of several lines that this program laid out and coloured. */
export function printableText(text: string): string {
  return text.replace(UNSEEN_IN_TEXT, (found) => (found.startsWith('\x1b[') ? found : escapeOf(found)))
}

/** The content of a file: its lines and tabs stay. */
export function printableFile(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(printable).join('\t'))
    .join('\n')
}
