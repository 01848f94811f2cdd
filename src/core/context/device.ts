import { isbot } from 'isbot'
import { readUserAgent, type UserAgentDevice } from './user-agent.ts'

/** Client hints where the browser sends them, the user agent otherwise. */
export type DeviceHints = {
  userAgent: string | undefined
  /** Sec-CH-UA-Mobile: `?1` or `?0`. */
  mobile: string | undefined
  /** Sec-CH-UA-Platform: a quoted string. */
  platform: string | undefined
}

export type Device = {
  device: UserAgentDevice | undefined
  os: string | undefined
  browser: string | undefined
  bot: boolean
}

/** No browser's user agent is longer; the cut bounds the work of regular expressions. */
const LONGEST_USER_AGENT = 512

/** Device, operating system, browser and whether it is a bot; undefined when unknown. */
export function describeDevice(hints: DeviceHints): Device {
  const userAgent = hints.userAgent?.slice(0, LONGEST_USER_AGENT) ?? ''
  if (userAgent === '') return { device: undefined, os: undefined, browser: undefined, bot: false }
  const parsed = readUserAgent(userAgent)
  const platform = hints.platform?.replaceAll('"', '')
  return {
    device: deviceOf(parsed.device, hints.mobile),
    os: platform && platform !== 'Unknown' ? platform : parsed.os,
    browser: parsed.browser,
    bot: isbot(userAgent),
  }
}

/** `?1` means a phone. Tablets and desktops send `?0`, so there the user agent decides. */
function deviceOf(
  fromUserAgent: UserAgentDevice | undefined,
  mobileHint: string | undefined,
): UserAgentDevice | undefined {
  if (mobileHint === '?1') return 'mobile'
  if (mobileHint === '?0' && fromUserAgent === 'mobile') return 'tablet'
  return fromUserAgent
}
