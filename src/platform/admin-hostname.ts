/** The hostname that ADMIN_HOST names, in lower case and without a port; undefined where it names none. */
export function hostnameOf(name: string): string | undefined {
  const text = name.includes('://') ? name : `http://${name}`
  if (!URL.canParse(text)) return undefined
  const { hostname, pathname, search, username } = new URL(text)
  const isHost = pathname === '/' && search === '' && username === '' && /^[\w.[\]:-]+$/.test(hostname)
  return isHost ? hostname.replace(/\.$/, '') : undefined
}
