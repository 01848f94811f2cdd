/** The gate answers this path, and all below it, itself: no origin sees a request to it. */
export const GATE_PATH = '/__sluice'

export function isGatePath(path: string): boolean {
  return path === GATE_PATH || path.startsWith(`${GATE_PATH}/`)
}
