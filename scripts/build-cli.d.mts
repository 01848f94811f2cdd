export function buildCli(): Promise<{ bytes: number }>
