/**
 * Browser, system and device class by the tokens of the user agent. A browser also names the ones it descends from
 * (Edge says Chrome, Chrome says Safari), so the lists are ordered: the first match counts. Names are those of
 * vendors and common libraries.
 */

export type UserAgentDevice = 'desktop' | 'mobile' | 'tablet' | 'tv'

export type UserAgent = {
  browser: string | undefined
  os: string | undefined
  device: UserAgentDevice | undefined
}

type NamedPatterns = readonly (readonly [name: string, pattern: RegExp])[]

const BROWSERS: NamedPatterns = [
  ['Opera', /\bOPR\/|OPiOS\/|\bOPT\/|OPX\/|Opera/],
  ['Samsung Internet for Android', /SamsungBrowser\//],
  ['Microsoft Edge', /\bEdg(?:e|A|iOS)?\//],
  ['Yandex Browser', /YaBrowser\//],
  ['Vivaldi', /Vivaldi\//],
  ['NAVER Whale Browser', /Whale\//],
  ['UC Browser', /UC ?Browser\//],
  ['QQ Browser', /QQBrowser\//],
  ['WeChat', /MicroMessenger\//],
  ['Miui', /MiuiBrowser\//],
  ['HeyTap Browser', /HeyTapBrowser\//],
  ['Vivo Browser', /VivoBrowser\//],
  ['DuckDuckGo', /\b(?:Ddg|DuckDuckGo)\//],
  ['Amazon Silk', /\bSilk\//],
  ['Google Search', /\bGSA\//],
  ['Pale Moon', /PaleMoon\//],
  ['SeaMonkey', /SeaMonkey\//],
  ['Internet Explorer', /\bMSIE |Trident\//],
  ['Focus', /\bFocus\/|Klar\//],
  ['Firefox', /Firefox\/|FxiOS\//],
  ['Electron', /Electron\//],
  ['Tizen', /Tizen/],
  ['WebOS Browser', /Web[0O]S/],
  ['Chromium', /Chromium\//],
  ['Chrome', /Chrome\/|CriOS\//],
  ['Android Browser', /Android/],
  ['Safari', /Safari\/|AppleWebKit\//],
]

const SYSTEMS: NamedPatterns = [
  ['Roku', /\bRoku\//],
  ['Windows Phone', /Windows Phone/],
  ['Windows', /Windows|Win(?:32|64|98|NT)\b/],
  ['iOS', /iPhone|iPad|iPod|Macintosh.*FxiOS\//],
  ['macOS', /Macintosh|Mac OS X/],
  ['HarmonyOS', /OpenHarmony|HarmonyOS/],
  ['Tizen', /Tizen/],
  ['WebOS', /\bWeb[0O]S/],
  ['Android', /Android/],
  ['BlackBerry', /BlackBerry|\bBB10\b/],
  ['Chrome OS', /\bCrOS\b/],
  ['PlayStation', /PlayStation/],
  ['Linux', /Linux|\bX11\b/],
]

const DEVICES: readonly (readonly [UserAgentDevice, RegExp])[] = [
  ['tv', /smart-?tv|netcast|bravia|hbbtv|playstation|xbox/i],
  ['tv', /\bTV\b|AppleTV|GoogleTV|Web0S|\bRoku\/|\bCrKey\/|\bAFT[A-Z]/],
  ['tablet', /iPad|Macintosh.*FxiOS\/|Tablet(?! PC)|\bSilk\/|\bKF[A-Z]{2,4} Build|PlayBook/],
  ['mobile', /iPhone|iPod|Mobi|Windows Phone|BlackBerry|\bBB10\b|Opera Mini/],
  // Android tablets lack the token "Mobile" of phones.
  ['tablet', /Android/],
  ['desktop', /Windows|Macintosh|\bCrOS\b|Linux|\bX11\b/],
]

/** Parses a user agent; unknown parts are undefined. */
export function readUserAgent(userAgent: string): UserAgent {
  return {
    browser: firstFound(BROWSERS, userAgent),
    os: firstFound(SYSTEMS, userAgent),
    device: firstFound(DEVICES, userAgent),
  }
}

function firstFound<Name>(patterns: readonly (readonly [Name, RegExp])[], text: string): Name | undefined {
  return patterns.find(([, pattern]) => pattern.test(text))?.[0]
}
