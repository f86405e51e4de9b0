// mtcute in Node.js as a driver, over TCP or WebSocket.
import { createRequire } from 'node:module'
import { connectWs } from '@fuman/net'
import { IntermediatePacketCodec, MemoryStorage, ObfuscatedPacketCodec, PaddedIntermediatePacketCodec } from '@mtcute/core'
import { addPublicKey } from '@mtcute/core/utils.js'
import { TcpTransport, TelegramClient } from '@mtcute/node'
import { NodeCryptoProvider } from '@mtcute/node/utils.js'
import { WebSocket } from 'ws'
import { commandsOf, settingsFor } from './commands.mjs'

const require = createRequire(import.meta.url)
const { serve, emit } = require('../common/line_protocol.cjs')
const { readServerKey } = require('../common/server_key.cjs')
const { networkOf, startRelay } = require('../common/relay.cjs')

const intermediate = () => new IntermediatePacketCodec()
const padded = () => new PaddedIntermediatePacketCodec()
const obfuscated = codec => () => new ObfuscatedPacketCodec(codec())
const TCP_CODECS = { intermediate, padded, 'obfuscated-intermediate': obfuscated(intermediate), 'obfuscated-padded': obfuscated(padded) }
const WEB_SOCKET_CODECS = { 'websocket-intermediate': obfuscated(intermediate), 'websocket-padded': obfuscated(padded) }

/** In the library only its web package has this, with addresses under telegram.org; connection and codec are the library's. */
class WebSocketTransport {
  constructor (codec) { this.packetCodec = codec }
  connect (dc) { return connectWs({ url: `ws://${dc.ipAddress}:${dc.port}/apiws`, implementation: WebSocket, protocols: 'binary' }) }
}

serve(async config => {
  const crypto = new NodeCryptoProvider()
  await crypto.initialize?.()
  addPublicKey(crypto, readServerKey(config.key).pkcs1)

  const webSocketCodec = WEB_SOCKET_CODECS[config.transport]
  const server = { host: config.host, port: webSocketCodec ? config.httpPort : config.port }
  const relay = config.relay ? await startRelay(server) : undefined
  const { host, port } = relay ?? server
  class Transport extends TcpTransport { packetCodec () { return TCP_CODECS[config.transport]() } }
  const dc = { id: config.dc, ipAddress: host, port }
  const client = new TelegramClient({
    ...settingsFor(config, emit),
    storage: new MemoryStorage(),
    transport: webSocketCodec ? new WebSocketTransport(webSocketCodec) : new Transport(),
    defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } }
  })
  return { ...commandsOf(client, emit), ...networkOf(relay) }
})
