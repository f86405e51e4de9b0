// GramJS as a driver: the commands of ../../README.md on the library's own high-level API.
'use strict'
const { serve, emit } = require('../common/line_protocol.cjs')
const { readServerKey } = require('../common/server_key.cjs')
const { networkOf, startRelay } = require('../common/relay.cjs')
const { styleOf, constructorOf, urlOf } = require('../common/entities.cjs')
const { Api, TelegramClient } = require('telegram')
const { StringSession } = require('telegram/sessions')
const { NewMessage } = require('telegram/events')
const { ConnectionTCPFull, ConnectionTCPAbridged, ConnectionTCPObfuscated } = require('telegram/network')
const { AbridgedPacketCodec } = require('telegram/network/connection/TCPAbridged')
const { Logger } = require('telegram/extensions')
const { _serverKeys } = require('telegram/crypto/RSA')
const bigInt = require('big-integer')

const PAGE = 17 // Small, so that every history takes several pages.
const CONNECT_TRIES = 5

// The library takes what has come of an abridged packet for all of it, and then misreads everything.
class WholePackets extends AbridgedPacketCodec {
  readPacket (reader) { return super.readPacket({ read: count => reader.readExactly(count) }) }
}
class WholeAbridged extends ConnectionTCPAbridged {
  constructor (params) {
    super(params)
    this.PacketCodecClass = WholePackets
  }
}

const CONNECTIONS = { full: ConnectionTCPFull, abridged: WholeAbridged, 'obfuscated-abridged': ConnectionTCPObfuscated }

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

function toMessage (message) {
  return {
    id: message.id,
    peer: Number(message.peerId.userId),
    out: Boolean(message.out),
    text: message.message,
    entities: (message.entities ?? []).map(e => [styleOf(e.className, e.url), e.offset, e.length]).filter(e => e[0]),
    replyTo: message.replyTo?.replyToMsgId ?? null
  }
}

serve(async config => {
  const key = readServerKey(config.key)
  _serverKeys.clear()
  _serverKeys.set(key.fingerprint.toString(), { n: bigInt(key.n.toString('hex'), 16), e: bigInt(key.e.toString('hex'), 16).toJSNumber() })

  const relay = config.relay ? await startRelay(config) : undefined
  const { host, port } = relay ?? config
  const session = new StringSession('')
  session.setDC(config.dc, host, 80) // It writes the port into 16 signed bits, and ignores it (below).
  // The library dials port 80 on its main connection, whatever the session says.
  class Connection extends CONNECTIONS[config.transport] {
    constructor (params) { super(params.ip === host && params.port === 80 ? { ...params, port } : params) }
  }
  const client = new TelegramClient(session, config.apiId, config.apiHash, {
    connection: Connection,
    baseLogger: new Logger(config.logLevel ? 'debug' : 'error'),
    connectionRetries: 60,
    retryDelay: 500,
    useWSS: false
  })
  client.setParseMode(undefined)
  client.addEventHandler(event => emit('message', { message: toMessage(event.message) }), new NewMessage({}))

  const peerOf = id => id === 'me' ? 'me' : bigInt(id)

  // The library forgets a request made between losing a connection and starting the next one.
  async function call (run) {
    while (!client.connected || client._sender.isReconnecting) await sleep(50)
    return run()
  }

  return {
    async sign_in ({ phone, code, name }) {
      // It strips leading zero bytes of the DH secret, so one handshake in 256 ends in a mismatch on its side.
      for (let tries = 1; !(await client.connect()); tries++) if (tries === CONNECT_TRIES) throw new Error('no connection')
      if (config.record) {
        const queue = client._sender.addStateToQueue.bind(client._sender)
        client._sender.addStateToQueue = state => { emit('call', { method: state.request.className }); return queue(state) }
      }
      let signedUp = false
      let thrown
      await client.start({
        phoneNumber: async () => '+' + phone.replace(/\D/g, ''),
        phoneCode: async () => code,
        firstAndLastNames: async () => { signedUp = true; return [name, ''] },
        onError: error => { thrown = error; return true }
      }).catch(error => { throw thrown ?? error })
      const me = await client.getMe()
      return { user: Number(me.id), name: me.firstName, signedUp }
    },
    find: ({ phone, how, name }) => call(async () => {
      if (how === 'resolve') return { user: Number((await client.invoke(new Api.contacts.ResolvePhone({ phone }))).peer.userId) }
      const contact = new Api.InputPhoneContact({ clientId: bigInt(1), phone, firstName: name, lastName: '' })
      const answer = await client.invoke(new Api.contacts.ImportContacts({ contacts: [contact] }))
      if (answer.imported.length !== 1) throw new Error(`importContacts imported ${answer.imported.length}`)
      return { user: Number(answer.imported[0].userId) }
    }),
    send: ({ to, text, entities, replyTo }) => call(async () => {
      const formattingEntities = entities.map(([style, offset, length]) => new Api['MessageEntity' + constructorOf(style)]({ offset, length, url: urlOf(style) }))
      const message = await client.sendMessage(peerOf(to), { message: text, formattingEntities, replyTo: replyTo ?? undefined, linkPreview: false })
      return { id: message.id }
    }),
    history: ({ peer }) => call(async () => {
      const all = []
      for (let offsetId = 0; ;) {
        const page = await client.getMessages(peerOf(peer), { limit: PAGE, offsetId })
        all.push(...page.map(toMessage))
        if (page.length < PAGE) break
        offsetId = page[page.length - 1].id
      }
      return all.reverse()
    }),
    dialogs: () => call(async () => {
      const all = []
      for await (const dialog of client.iterDialogs({})) all.push({ peer: Number(dialog.id), top: dialog.message?.id, unread: dialog.unreadCount })
      return all
    }),
    read: ({ peer, upTo }) => call(async () => { await client.markAsRead(peerOf(peer), undefined, { maxId: upTo, clearMentions: true }) }),
    alive: () => call(async () => { await client.invoke(new Api.updates.GetState()) }),
    ...networkOf(relay),
    async close () { await client.destroy() }
  }
})
