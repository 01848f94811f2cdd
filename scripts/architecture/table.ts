import { ROOMS, type Room } from './rules.ts'

const BEGIN = '<!-- rooms: written by npm run generate from scripts/architecture/rules.ts -->'
const END = '<!-- end of rooms -->'

/** ARCHITECTURE.md with its table of rooms as the rules say it. Throws where the markers are missing. */
export function withRoomsTable(page: string): string {
  const [start, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (start === -1 || end < start) throw new Error(`ARCHITECTURE.md must have the lines ${BEGIN} and ${END}`)
  return `${page.slice(0, start)}${BEGIN}\n\n${roomsTable()}\n\n${page.slice(end)}`
}

function roomsTable(): string {
  const rows = Object.entries(ROOMS).map(([room, rules]) => {
    const folder = room.endsWith('.ts') ? room : `${room}/`
    return `| \`${folder}\` | ${rules.holds} | ${mayImport(rules)} |`
  })
  return ['| folder | holds | may import |', '| --- | --- | --- |', ...rows].join('\n')
}

function mayImport({ imports, types, order, packages }: Room): string {
  const short = (rooms: readonly string[]) =>
    rooms.map((room) => `\`${room.replace(/^src\//, '')}\``).join(', ')
  const parts = [
    imports.length > 0 && short(imports),
    types !== undefined && `types of ${short(types)}`,
    packages !== undefined && packages.length > 0 && packages.join(', '),
    order !== undefined && `inside: ${order.join(' < ')}`,
  ]
  return parts.filter((part) => part !== false).join('; ') || 'nothing'
}
