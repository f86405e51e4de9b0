// mtcute's web client in a page: driver.mjs calls start() once, then perform(); `report` is the driver's.
import { TelegramClient, WebCryptoProvider, WebSocketTransport } from '@mtcute/web'
import { addPublicKey } from '@mtcute/web/utils.js'
import { commandsOf, settingsFor } from '../mtcute/commands.mjs'

/** The browser's own WebSocket, but to our server: the library's transport knows addresses under telegram.org only. */
const webSocketTo = url => class extends WebSocket { constructor (_, protocols) { super(url, protocols) } }

let commands

/** `returning`: the client has been here before, and goes on with what the browser kept. */
globalThis.start = async ({ returning, url, publicKey, ...config }) => {
  const emit = (event, data) => { globalThis.report(event, data) }
  const crypto = new WebCryptoProvider()
  await crypto.initialize()
  addPublicKey(crypto, publicKey)
  const dc = { id: config.dc, ipAddress: '127.0.0.1', port: 443 } // Not looked at: the transport knows better.
  const client = new TelegramClient({
    ...settingsFor(config, emit),
    crypto,
    storage: 'account', // In IndexedDB.
    transport: new WebSocketTransport({ ws: webSocketTo(url) }),
    defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } },
    updates: { catchUp: returning }
  })
  commands = commandsOf(client, emit)
  if (returning) await client.start({ phone () { throw new Error('the browser has forgotten its session') } })
}

globalThis.perform = async request => {
  try { return { result: await commands[request.do](request) } } catch (error) {
    return { error: { message: String(error?.text ?? error?.message ?? error), code: error?.code, stack: error?.stack } }
  }
}
