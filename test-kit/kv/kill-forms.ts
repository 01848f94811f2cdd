/** The kill list as shells, editors and people deliver it to KV, byte by byte; and what it must do. */

/** The flags that the forms name. */
export const KILLED_FLAGS = ['new-shop', 'new-search'] as const

export type KillForm = {
  /** As a table shows it. */
  name: string
  value: string | ArrayBuffer
  /** Flags that are killed by it; `kept`: whatever list was in force stays, and an operator is told. */
  kills: readonly string[] | 'kept'
}

const [ONE, OTHER] = KILLED_FLAGS
const BOTH = [ONE, OTHER]
const ALL = JSON.stringify(['*'])
const BOM = '\ufeff'

type Encoding = { isBigEndian?: boolean; hasMark?: boolean }

/** A text as Windows tools save it: PowerShell's `>` writes UTF-16 with a byte order mark. */
function utf16(text: string, { isBigEndian = false, hasMark = true }: Encoding = {}): ArrayBuffer {
  const whole = hasMark ? BOM + text : text
  const view = new DataView(new ArrayBuffer(whole.length * 2))
  for (let at = 0; at < whole.length; at++) view.setUint16(at * 2, whole.charCodeAt(at), !isBigEndian)
  return view.buffer
}

const of = (kills: KillForm['kills'], forms: readonly (readonly [string, KillForm['value']])[]): KillForm[] =>
  forms.map(([name, value]) => ({ name, value, kills }))

export const KILL_FORMS: readonly KillForm[] = [
  ...of(BOTH, [
    ['JSON', ALL],
    ['bare star', '*'],
    ['star in brackets (quotes eaten by cmd or PowerShell 5)', '[*]'],
    ['single quotes that cmd leaves', `'${ALL}'`],
    ['escaped quotes', '[\\"*\\"]'],
    ['doubled quotes of PowerShell', '"[""*""]"'],
    ['carets of cmd', '[^"*^"]'],
    ['typographic quotes of a chat', '[“*”]'],
    ['UTF-8 byte order mark, CRLF (Notepad)', `${BOM}${ALL}\r\n`],
    ['UTF-16 LE with a byte order mark (PowerShell >)', utf16(`${ALL}\r\n`)],
    ['UTF-16 LE without one', utf16(ALL, { hasMark: false })],
    ['UTF-16 BE with a byte order mark', utf16(ALL, { isBigEndian: true })],
    ['NULs at the end', `${ALL}\0\0`],
    ['trailing spaces and a tab', `${ALL}  \t `],
    ['a zero-width space, copied from a page', `\u200b${ALL}\u200b`],
    ['comma list', `${ONE},${OTHER}`],
    ['comma list in brackets', `[${ONE}, ${OTHER}]`],
    ['one key a line, CRLF', `${ONE}\r\n${OTHER}\r\n`],
    ['keys with spaces between', `${ONE} ${OTHER}`],
    ['JSON with a trailing comma', `["${ONE}","${OTHER}",]`],
    ['one key a line, UTF-16', utf16(`${ONE}\n${OTHER}\n`)],
  ]),
  ...of(
    [ONE],
    [
      ['JSON of one', `["${ONE}"]`],
      ['bare word', ONE],
      ['bare word in quotes', `"${ONE}"`],
      ['bare word of echo', `${ONE} \r\n`],
      ['with an unknown key beside it', `["${ONE}","new-shpo"]`],
    ],
  ),
  ...of('kept', [
    ['nonsense: a word', 'nonsense'],
    ['nonsense: an unknown key', '["new-shpo"]'],
    ['nonsense: null', 'null'],
    ['nonsense: {}', '{}'],
    ['nonsense: an empty text in quotes', '""'],
    ['nonsense: a page of HTML', '<!doctype html><title>404</title>'],
    ['nonsense: bytes that are no text', new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0x10, 0x4a]).buffer],
  ]),
]

/** What lifts, and nothing else does. */
export const LIFT_FORMS: readonly KillForm[] = of(
  [],
  [
    ['[]', '[]'],
    ['empty', ''],
    ['[] of cmd', "'[]'"],
    ['[] with a byte order mark and CRLF', `${BOM}[]\r\n`],
    ['[] in UTF-16', utf16('[]\r\n')],
  ],
)
