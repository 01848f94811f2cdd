import { describe, expect, test } from 'vitest'
import { describeDevice } from '../../../src/core/context/device.ts'

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)'
const CHROME = `${WEBKIT} Chrome/140.0.0.0`
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const IPAD = 'Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)'
const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'

const KNOWN: readonly (readonly [userAgent: string, browser?: string, os?: string, device?: string])[] = [
  [`${WINDOWS} ${CHROME} Safari/537.36`, 'Chrome', 'Windows', 'desktop'],
  [`${WINDOWS} ${CHROME} Safari/537.36 Edg/140.0.0.0`, 'Microsoft Edge', 'Windows', 'desktop'],
  [`${WINDOWS} ${CHROME} Safari/537.36 OPR/120.0.0.0`, 'Opera', 'Windows', 'desktop'],
  [`${WINDOWS} ${CHROME} Safari/537.36 Vivaldi/7.5`, 'Vivaldi', 'Windows', 'desktop'],
  [`${WINDOWS} ${CHROME} YaBrowser/25.8.0.0 Safari/537.36`, 'Yandex Browser', 'Windows', 'desktop'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:142.0) Gecko/20100101 Firefox/142.0',
    'Firefox',
    'Windows',
    'desktop',
  ],
  [
    'Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko',
    'Internet Explorer',
    'Windows',
    'desktop',
  ],
  [
    'Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Tablet PC 2.0)',
    'Internet Explorer',
    'Windows',
    'desktop',
  ],
  [
    `${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15`,
    'Safari',
    'macOS',
    'desktop',
  ],
  [`${MAC} ${CHROME} Safari/537.36`, 'Chrome', 'macOS', 'desktop'],
  [
    `${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15 Ddg/18.5`,
    'DuckDuckGo',
    'macOS',
    'desktop',
  ],
  [`${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/142.0 Safari/605.1.15`, 'Firefox', 'iOS', 'tablet'],
  [`${MAC} ${WEBKIT} Chrome/138.0.0.0 Electron/37.0.0 Safari/537.36`, 'Electron', 'macOS', 'desktop'],
  [`Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`, 'Chrome', 'Linux', 'desktop'],
  [
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0',
    'Firefox',
    'Linux',
    'desktop',
  ],
  [`Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${CHROME} Safari/537.36`, 'Chrome', 'Chrome OS', 'desktop'],
  [`${IPHONE} Version/18.5 Mobile/15E148 Safari/604.1`, 'Safari', 'iOS', 'mobile'],
  [`${IPHONE} CriOS/140.0.0.0 Mobile/15E148 Safari/604.1`, 'Chrome', 'iOS', 'mobile'],
  [`${IPHONE} FxiOS/142.0 Mobile/15E148 Safari/605.1.15`, 'Firefox', 'iOS', 'mobile'],
  [`${IPHONE} Version/18.0 EdgiOS/140.0.0.0 Mobile/15E148 Safari/604.1`, 'Microsoft Edge', 'iOS', 'mobile'],
  [`${IPHONE} GSA/380.0 Mobile/15E148 Safari/604.1`, 'Google Search', 'iOS', 'mobile'],
  [`${IPHONE} Mobile/15E148 MicroMessenger/8.0.60`, 'WeChat', 'iOS', 'mobile'],
  [`${IPAD} Version/18.5 Mobile/15E148 Safari/604.1`, 'Safari', 'iOS', 'tablet'],
  [`Mozilla/5.0 (Linux; Android 15; Pixel 9) ${CHROME} Mobile Safari/537.36`, 'Chrome', 'Android', 'mobile'],
  [`Mozilla/5.0 (Linux; Android 14; SM-X910) ${CHROME} Safari/537.36`, 'Chrome', 'Android', 'tablet'],
  [
    `Mozilla/5.0 (Linux; Android 15; SM-S931B) ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
    'Samsung Internet for Android',
    'Android',
    'mobile',
  ],
  [
    `Mozilla/5.0 (Linux; Android 15; Pixel 9) ${CHROME} Mobile Safari/537.36 EdgA/140.0.0.0`,
    'Microsoft Edge',
    'Android',
    'mobile',
  ],
  ['Mozilla/5.0 (Android 15; Mobile; rv:142.0) Gecko/142.0 Firefox/142.0', 'Firefox', 'Android', 'mobile'],
  ['Mozilla/5.0 (Android 15; Tablet; rv:142.0) Gecko/142.0 Firefox/142.0', 'Firefox', 'Android', 'tablet'],
  [
    `Mozilla/5.0 (Linux; Android 11; KFTRWI) ${WEBKIT} Silk/138.1.1 like Chrome/138.0.0.0 Safari/537.36`,
    'Amazon Silk',
    'Android',
    'tablet',
  ],
  [
    `Mozilla/5.0 (Linux; Android 9; AFTMM) ${WEBKIT} Chrome/120.0.0.0 Safari/537.36`,
    'Chrome',
    'Android',
    'tv',
  ],
  [
    'Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/8.0 TV Safari/537.36',
    'Tizen',
    'Tizen',
    'tv',
  ],
  [
    'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
    'WebOS Browser',
    'WebOS',
    'tv',
  ],
  [
    'Mozilla/5.0 (PlayStation 5 3.11) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15',
    'Safari',
    'PlayStation',
    'tv',
  ],
  ['curl/8.16.0'],
  ['my-app'],
]

const hints = { userAgent: undefined, mobile: undefined, platform: undefined }

describe('the device', () => {
  test.each(KNOWN)('of %s', (userAgent, browser, os, device) => {
    const described = describeDevice({ ...hints, userAgent })
    expect(described).toMatchObject({ browser, os, device })
  })

  test('is unknown, and no bot, when the visitor says nothing', () => {
    const unknown = { device: undefined, os: undefined, browser: undefined, bot: false }
    expect(describeDevice(hints)).toEqual(unknown)
    expect(describeDevice({ ...hints, userAgent: '' })).toEqual(unknown)
  })

  test('of a crawler is marked as a bot, of a person it is not', () => {
    const googlebot = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
    expect(describeDevice({ ...hints, userAgent: googlebot }).bot).toBe(true)
    expect(
      describeDevice({ ...hints, userAgent: `${IPHONE} Version/18.5 Mobile/15E148 Safari/604.1` }).bot,
    ).toBe(false)
  })

  test('follows client hints where they say more than the user agent', () => {
    const desktopMode = `Mozilla/5.0 (X11; Linux x86_64) ${CHROME} Safari/537.36`
    expect(describeDevice({ userAgent: desktopMode, mobile: '?1', platform: '"Android"' })).toMatchObject({
      device: 'mobile',
      os: 'Android',
    })
    expect(describeDevice({ userAgent: desktopMode, mobile: '?0', platform: '"Unknown"' })).toMatchObject({
      device: 'desktop',
      os: 'Linux',
    })
    const phone = `Mozilla/5.0 (Linux; Android 10; K) ${CHROME} Mobile Safari/537.36`
    expect(describeDevice({ userAgent: phone, mobile: '?0', platform: '"Android"' }).device).toBe('tablet')
  })

  test('of an endless user agent is read from its beginning only', () => {
    expect(describeDevice({ ...hints, userAgent: `${'x'.repeat(600)} Firefox/1` }).browser).toBeUndefined()
    const startedAt = performance.now()
    describeDevice({ ...hints, userAgent: 'Macintosh '.repeat(100_000) })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})
