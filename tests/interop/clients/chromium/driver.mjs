// mtcute in headless Chromium as a driver: a tab with page.mjs, in a context of its own of the browser that all share.
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const require = createRequire(import.meta.url)
const { serve, emit } = require('../common/line_protocol.cjs')
const { readServerKey } = require('../common/server_key.cjs')
const { networkOf, startRelay } = require('../common/relay.cjs')

const IN_PAGE = ['sign_in', 'find', 'send', 'history', 'dialogs', 'read', 'alive']

serve(async config => {
  const server = { host: config.host, port: config.httpPort }
  const relay = config.relay ? await startRelay(server) : undefined
  const { host, port } = relay ?? server

  const browser = await chromium.connect(config.browser.endpoint)
  const context = await browser.newContext()
  await context.exposeFunction('report', emit)
  const tab = await context.newPage()
  tab.on('console', line => console.error(line.text()))
  tab.on('pageerror', error => emit('trouble', { message: String(error) }))
  tab.on('crash', () => emit('failed', { message: 'the tab crashed' }))

  async function open (returning) {
    await tab.goto(config.browser.page)
    const { apiId, apiHash, dc, pfs, record, logLevel } = config
    const publicKey = readServerKey(config.key).pkcs1
    await tab.evaluate(settings => globalThis.start(settings), { apiId, apiHash, dc, pfs, record, logLevel, publicKey, url: `ws://${host}:${port}/apiws`, returning })
  }
  async function perform (request) {
    const { result, error } = await tab.evaluate(request => globalThis.perform(request), request)
    if (error) throw Object.assign(new Error(error.message), error)
    return result
  }
  await open(false)

  return {
    ...Object.fromEntries(IN_PAGE.map(name => [name, perform])),
    ...networkOf(relay),
    // The page is left and opened again: its client goes on from IndexedDB.
    async leave () {
      await perform({ do: 'close' })
      await tab.goto('about:blank')
    },
    come_back: () => open(true),
    async close () {
      await perform({ do: 'close' }).catch(() => {}) // Nothing to close where the page was left.
      await browser.close()
    }
  }
})
