/**
 * Names that people take for one another (after Unicode Technical Standard 39): in the audit log no name may pass for that of the gate,
 * or of a colleague, by letters of another script.
 */

/** Letters that look like ASCII ones, each pair as it stands. Normalisation deals with accents, wide and mathematical forms. */
const TWINS = new Map(
  [
    // Cyrillic
    'аa АA ВB ьb сc СC ԁd еe ЕE һh НH іi ІI јj ЈJ кk КK ӏl ӀI мm МM пn оo ОO рp РP ԛq гr ѕs ЅS тt ТT ѵv ԝw хx ХX уy УY',
    // Greek
    'αa ΑA ΒB εe ΕE ΖZ ηn ΗH ιi ΙI κk ΚK ΜM ΝN νv οo ΟO ρp ΡP σo τt ΤT υu ΥY χx ΧX γy ωw',
    // Armenian
    'ցg հh յj ոn օo ՕO զq ՏS ՍU սu ւi',
    // Latin letters of phonetics and small capitals
    'ɑa ɡg ıi ɩi ȷj ᴀa ʙb ᴄc ᴅd ᴇe ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ꜱs ᴛt ᴜu ᴠv ᴡw ʏy ᴢz đd łl øo ħh ƒf',
    // Figures
    '0o 1i |i',
  ]
    .join(' ')
    .split(' ')
    .map((pair): [string, string] => {
      const [letter = '', twin = ''] = pair
      return [letter, twin]
    }),
)

/**
 * One text for all names that look alike.
 *
 * @example lookalikeKey('Аdmіn') === lookalikeKey('ADMIN') // Cyrillic А and і
 */
export function lookalikeKey(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '')
  const latin = Array.from(plain, (letter) => TWINS.get(letter) ?? letter).join('')
  return latin
    .toLowerCase()
    .replaceAll('l', 'i')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replace(/\s+/g, ' ')
}

/** Scripts that people do write together with Latin letters in one word. */
const BESIDE_LATIN = ['Latin', 'Common', 'Inherited', 'Han', 'Hiragana', 'Katakana', 'Hangul', 'Bopomofo']
const FOREIGN = new RegExp(`[^${BESIDE_LATIN.map((script) => `\\p{Script=${script}}`).join('')}]`, 'u')

/** Whether a word has letters of two scripts that no language mixes, so that some pass for others. The micro sign is a Greek one. */
export function mixesScripts(name: string): boolean {
  return name
    .replaceAll('\u00b5', '')
    .normalize('NFKC')
    .split(/[^\p{L}\p{M}]+/u)
    .some((word) => /\p{Script=Latin}/u.test(word) && FOREIGN.test(word))
}
