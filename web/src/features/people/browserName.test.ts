import { expect, it } from 'vitest'
import { browserName } from './browserName'

it('names the browser and not those that it pretends to be', () => {
  const edge =
    'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0'
  expect(browserName(edge)).toBe('Edge on Windows')
  expect(
    browserName('Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1'),
  ).toBe('Safari on iOS')
  expect(browserName('curl/8.0')).toBe('curl/8.0')
})
