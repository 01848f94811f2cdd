/** Country codes as Cloudflare sends them: ISO 3166-1 alpha-2, XK (Kosovo), T1 (Tor) and XX (unknown). */

export const COUNTRY_CODES: readonly string[] = (
  'AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ ' +
  'CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR ' +
  'GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP ' +
  'KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT ' +
  'MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW ' +
  'SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG ' +
  'UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW T1 XX'
).split(' ')

const CODES: ReadonlySet<string> = new Set(COUNTRY_CODES)
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['T1', 'Tor'],
  ['XX', 'unknown'],
])
/** What is written in place of a code, as far as the English names don't say so. */
const WRITTEN: ReadonlyMap<string, string> = new Map([
  ['uk', 'GB'],
  ['great britain', 'GB'],
  ['england', 'GB'],
  ['usa', 'US'],
  ['czech republic', 'CZ'],
  ['turkey', 'TR'],
  ['holland', 'NL'],
  ['el', 'GR'],
])

export function isCountryCode(text: string): boolean {
  return CODES.has(text)
}

/** The English name of a code. */
export function countryName(code: string): string {
  return SPECIAL.get(code) ?? new Intl.DisplayNames('en', { type: 'region' }).of(code) ?? code
}

/**
 * The code of a country that is written in another way: in small letters, by its name, as `UK`; undefined for no country.
 *
 * @example countryCodeOf('Romania') // 'RO'
 */
export function countryCodeOf(text: string): string | undefined {
  const wanted = text.trim()
  if (CODES.has(wanted.toUpperCase())) return wanted.toUpperCase()
  const plain = plainOf(wanted)
  return WRITTEN.get(plain) ?? COUNTRY_CODES.find((code) => plainOf(countryName(code)) === plain)
}

function plainOf(name: string): string {
  return name.normalize('NFD').replace(/\p{M}/gu, '').replace(/\s+/g, ' ').toLowerCase()
}
