import { describe, expect, it } from 'vitest'
import { isCrawler } from '../../../src/core/context/crawler.ts'

const CRAWLERS = [
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36',
  'Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)',
  'Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)',
  'DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)',
  'Mozilla/5.0 (Macintosh) AppleWebKit/600.2.5 (KHTML, like Gecko) Version/8.0.2 Safari/600.2.5 (Applebot/0.1)',
  'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
  'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
  'Twitterbot/1.0',
  'WhatsApp/2.23.20.0',
  'Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; compatible; GoogleOther)',
  'Mediapartners-Google',
  'Mozilla/5.0 (compatible; GPTBot/1.0; +https://openai.com/gptbot)',
  'ia_archiver',
  'Mozilla/5.0 (Linux; Android 11) AppleWebKit/537.36 Chrome/109 Mobile Safari/537.36 Chrome-Lighthouse',
]

/** Browsers, and programs that may keep cookies. */
const OTHERS = [
  undefined,
  '',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Linux; Android 9; CUBOT_NOTE_S) AppleWebKit/537.36 Chrome/80.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
  'baiduboxapp/13.0 (Baidu; P2 11)',
  'curl/8.5.0',
  'Go-http-client/2.0',
  'python-requests/2.32',
  'axios/1.7',
  'Wget/1.21',
  'okhttp/4.12',
  'node',
  `${'x'.repeat(512)} Googlebot`,
]

describe('a crawler', () => {
  it.each(CRAWLERS)('is %s', (userAgent) => expect(isCrawler(userAgent)).toBe(true))
  it.each(OTHERS)('is not %s', (userAgent) => expect(isCrawler(userAgent)).toBe(false))
})
