// mtcute as a driver: the commands of ../../README.md on the library's own high-level API.
import { createRequire } from 'node:module'
import { IntermediatePacketCodec, MemoryStorage, ObfuscatedPacketCodec, PaddedIntermediatePacketCodec } from '@mtcute/core'
import { addPublicKey } from '@mtcute/core/utils.js'
import { TcpTransport, TelegramClient } from '@mtcute/node'
import { NodeCryptoProvider } from '@mtcute/node/utils.js'

const require = createRequire(import.meta.url)
const { serve, emit } = require('../common/line_protocol.cjs')
const { readServerKey } = require('../common/server_key.cjs')
const { startRelay } = require('../common/relay.cjs')
const { styleOf, constructorOf, urlOf } = require('../common/entities.cjs')

const PAGE = 17 // Small, so that every history takes several pages.

const CODECS = {
  intermediate: () => new IntermediatePacketCodec(),
  padded: () => new PaddedIntermediatePacketCodec(),
  'obfuscated-intermediate': () => new ObfuscatedPacketCodec(new IntermediatePacketCodec()),
  'obfuscated-padded': () => new ObfuscatedPacketCodec(new PaddedIntermediatePacketCodec())
}

function toMessage (raw) {
  return {
    id: raw.id,
    peer: raw.peerId.userId,
    out: Boolean(raw.out),
    text: raw.message,
    entities: (raw.entities ?? []).map(e => [styleOf(e._, e.url), e.offset, e.length]).filter(e => e[0]),
    replyTo: raw.replyTo?.replyToMsgId ?? null
  }
}

serve(async config => {
  const crypto = new NodeCryptoProvider()
  await crypto.initialize?.()
  addPublicKey(crypto, readServerKey(config.key).pkcs1)

  const relay = config.relay ? await startRelay(config) : undefined
  class Transport extends TcpTransport { packetCodec () { return CODECS[config.transport]() } }
  const dc = { id: config.dc, ipAddress: relay ? '127.0.0.1' : config.host, port: relay?.port ?? config.port }
  const client = new TelegramClient({
    apiId: config.apiId,
    apiHash: config.apiHash,
    storage: new MemoryStorage(),
    transport: new Transport(),
    defaultDcs: { main: dc, media: { ...dc, mediaOnly: true } },
    network: {
      usePfs: config.pfs,
      middlewares: config.record ? [async (call, next) => { emit('call', { method: call.request._ }); return next(call) }] : undefined
    },
    reconnectionStrategy: () => 500,
    logLevel: config.logLevel ?? 1
  })
  client.onError.add(error => emit('trouble', { message: String(error?.message ?? error) }))
  client.onNewMessage.add(message => emit('message', { message: toMessage(message.raw) }))

  const peerOf = id => id === 'me' ? 'me' : id

  return {
    async sign_in ({ phone, code, name }) {
      const sent = await client.sendCode({ phone })
      const phoneNumber = phone.replace(/\D/g, '')
      const { phoneCodeHash } = sent
      // The library has no way to sign up; the answer goes the way its own signIn() sends it.
      let signedUp = false
      let auth = await client.call({ _: 'auth.signIn', phoneNumber, phoneCodeHash, phoneCode: code })
      if (auth._ === 'auth.authorizationSignUpRequired') {
        auth = await client.call({ _: 'auth.signUp', phoneNumber, phoneCodeHash, firstName: name, lastName: '' })
        signedUp = true
      }
      const user = await client.notifyLoggedIn(auth)
      const me = await client.getMe()
      if (me.id !== user.id) throw new Error(`signed in as ${user.id}, users.getUsers says ${me.id}`)
      return { user: me.id, name: me.firstName, signedUp }
    },
    async find ({ phone, how, name }) {
      if (how === 'resolve') return { user: (await client.resolvePhoneNumber(phone)).userId }
      const answer = await client.importContacts([{ phone, firstName: name, lastName: '' }])
      if (answer.imported.length !== 1) throw new Error(`importContacts imported ${answer.imported.length}`)
      return { user: answer.imported[0].userId }
    },
    async send ({ to, text, entities, replyTo }) {
      const message = await client.sendText(peerOf(to), {
        text,
        entities: entities.map(([style, offset, length]) => ({ _: 'messageEntity' + constructorOf(style), offset, length, ...(urlOf(style) ? { url: urlOf(style) } : {}) }))
      }, { replyTo: replyTo ?? undefined, disableWebPreview: true })
      return { id: message.id }
    },
    async history ({ peer }) {
      const all = []
      for (let offset; ;) {
        const page = await client.getHistory(peerOf(peer), { limit: PAGE, offset })
        all.push(...page.map(message => toMessage(message.raw)))
        if (page.length === 0 || !page.next) break
        offset = page.next
      }
      return all.reverse()
    },
    async dialogs () {
      const all = []
      for await (const dialog of client.iterDialogs({ chunkSize: PAGE })) all.push({ peer: dialog.peer.id, top: dialog.lastMessage?.id, unread: dialog.unreadCount })
      return all
    },
    async read ({ peer, upTo }) { await client.readHistory(peer, { maxId: upTo }) },
    async alive () { await client.call({ _: 'updates.getState' }) },
    cut () { relay.cut() },
    restore () { relay.restore() },
    async close () { await client.destroy() }
  }
})
