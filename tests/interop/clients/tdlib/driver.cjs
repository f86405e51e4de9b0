// TDLib as a driver: the commands of ../../README.md on its JSON interface.
//
// TDLib has its servers' addresses and keys built in. `config.library` is a copy with our key in it
// (../common/server_key.cjs); a proxy, given to it before its first connection, leads every address to ours: by SOCKS5, or
// over HTTP, where it posts each packet to the proxy and no further help is needed, since our port takes such requests.
'use strict'
const path = require('node:path')
const tdl = require('tdl')
const { serve, emit } = require('../common/line_protocol.cjs')
const { networkOf, startRelay } = require('../common/relay.cjs')
const { styleOf, constructorOf, urlOf } = require('../common/entities.cjs')

const PAGE = 17 // Small, so that every history takes several pages.
const SERVER_ID_BITS = 20 // TDLib numbers a server's message by its id shifted by this much.

const CONNECTED = 'connectionStateReady'

const fromServerId = id => id * 2 ** SERVER_ID_BITS
function toServerId (id) {
  const server = id / 2 ** SERVER_ID_BITS
  if (!Number.isInteger(server)) throw new Error(`${id} is not a server's message id`)
  return server
}

function toMessage (message) {
  const text = message.content.text ?? { text: `(${message.content._})`, entities: [] }
  return {
    id: toServerId(message.id),
    peer: message.chat_id,
    out: message.is_outgoing,
    text: text.text,
    entities: text.entities.map(e => [styleOf(e.type._, e.type.url), e.offset, e.length]).filter(e => e[0]),
    replyTo: message.reply_to?.message_id ? toServerId(message.reply_to.message_id) : null
  }
}

serve(async config => {
  const isHttp = config.transport === 'http'
  const relay = await startRelay({ ...config, socks: !isHttp })
  const proxyType = isHttp ? { _: 'proxyTypeHttp', http_only: true } : { _: 'proxyTypeSocks5' }
  tdl.configure({ tdjson: config.library, verbosityLevel: config.logLevel ?? 1 })
  const client = tdl.createBareClient()
  client.on('error', error => emit('trouble', { message: error.message }))
  const call = request => client.invoke(request)

  let authorization
  let wakeAuthorization = () => {}
  let connection
  const whenConnected = new Set()
  const sending = new Map() // Chat and temporary message id -> how to end the command that sends it.

  client.on('update', update => {
    switch (update._) {
      case 'updateAuthorizationState':
        authorization = update.authorization_state._
        return wakeAuthorization()
      case 'updateConnectionState':
        connection = update.state._
        if (connection !== CONNECTED) return
        for (const wake of whenConnected) wake()
        return whenConnected.clear()
      case 'updateNewMessage':
        if (!update.message.sending_state) emit('message', { message: toMessage(update.message) })
        return
      case 'updateMessageSendSucceeded':
        settle(update.message.chat_id, update.old_message_id, { message: update.message })
        return
      case 'updateMessageSendFailed':
        settle(update.message.chat_id, update.old_message_id, { error: update.error })
    }
  })

  // The update can overtake the answer that names the temporary id, so whichever is first waits for the other.
  function settle (chat, temporary, outcome) {
    const key = `${chat} ${temporary}`
    const waiting = sending.get(key)
    if (waiting) waiting(outcome)
    else sending.set(key, outcome)
  }
  function outcomeOf ({ chat_id: chat, id: temporary }) {
    const key = `${chat} ${temporary}`
    return new Promise(resolve => {
      const early = sending.get(key)
      if (early) resolve(early)
      else sending.set(key, resolve)
    }).finally(() => sending.delete(key))
  }

  /** Answers each authorization state with its entry of `steps` until the state `last` comes. */
  async function authorize (last, steps) {
    for (let seen; authorization !== last;) {
      if (authorization === seen || authorization === undefined) {
        await new Promise(resolve => { wakeAuthorization = resolve })
        continue
      }
      seen = authorization
      const step = steps[authorization.replace('authorizationState', '')]
      if (!step) throw new Error(`unexpected ${authorization}`)
      await step()
    }
  }

  // Requests made before setTdlibParameters are only queued: waiting for them here would never end.
  const ahead = request => call(request).catch(error => emit('trouble', { message: error.message }))

  let me
  const chatOf = async peer => {
    if (peer === 'me') peer = me
    return (await call({ _: 'createPrivateChat', user_id: peer, force: true })).id
  }

  return {
    async sign_in ({ phone, code, name }) {
      let signedUp = false
      await authorize('authorizationStateReady', {
        WaitTdlibParameters () {
          ahead({ _: 'addProxy', proxy: { _: 'proxy', server: relay.host, port: relay.port, type: { ...proxyType, username: '', password: '' } }, enable: true })
          ahead({ _: 'setOption', name: 'use_pfs', value: { _: 'optionValueBoolean', value: config.pfs } })
          return call({
            _: 'setTdlibParameters',
            use_test_dc: false,
            database_directory: path.join(config.folder, 'db'),
            files_directory: path.join(config.folder, 'files'),
            use_message_database: true,
            use_chat_info_database: true,
            use_file_database: true,
            api_id: config.apiId,
            api_hash: config.apiHash,
            system_language_code: 'en',
            device_model: 'interop',
            application_version: '1.0'
          })
        },
        WaitPhoneNumber: () => call({ _: 'setAuthenticationPhoneNumber', phone_number: phone }),
        WaitCode: () => call({ _: 'checkAuthenticationCode', code }),
        WaitRegistration () { signedUp = true; return call({ _: 'registerUser', first_name: name, last_name: '' }) }
      })
      const user = await call({ _: 'getMe' })
      me = user.id
      return { user: user.id, name: user.first_name, signedUp }
    },
    async find ({ phone, how, name }) {
      if (how === 'resolve') return { user: (await call({ _: 'searchUserByPhoneNumber', phone_number: phone, only_local: false })).id }
      const answer = await call({ _: 'importContacts', contacts: [{ _: 'importedContact', phone_number: phone, first_name: name, last_name: '' }] })
      if (!answer.user_ids[0]) throw new Error('importContacts found no user')
      return { user: answer.user_ids[0] }
    },
    async send ({ to, text, entities, replyTo }) {
      const formatted = {
        _: 'formattedText',
        text,
        entities: entities.map(([style, offset, length]) => ({ _: 'textEntity', offset, length, type: { _: 'textEntityType' + ({ strike: 'Strikethrough' }[style] ?? constructorOf(style)), url: urlOf(style) } }))
      }
      const sent = await call({
        _: 'sendMessage',
        chat_id: await chatOf(to),
        reply_to: replyTo ? { _: 'inputMessageReplyToMessage', message_id: fromServerId(replyTo) } : undefined,
        input_message_content: { _: 'inputMessageText', text: formatted, link_preview_options: { _: 'linkPreviewOptions', is_disabled: true } }
      })
      const { message, error } = await outcomeOf(sent)
      if (error) throw Object.assign(new Error(error.message), { code: error.code })
      return { id: toServerId(message.id) }
    },
    async history ({ peer }) {
      const chat = await chatOf(peer)
      const all = []
      for (let from = 0; ;) {
        const { messages } = await call({ _: 'getChatHistory', chat_id: chat, from_message_id: from, offset: 0, limit: PAGE, only_local: false })
        if (messages.length === 0) break
        all.push(...messages.filter(message => !message.sending_state).map(toMessage))
        from = messages[messages.length - 1].id
      }
      return all.reverse()
    },
    async dialogs () {
      for (;;) {
        const more = await call({ _: 'loadChats', chat_list: { _: 'chatListMain' }, limit: PAGE }).then(() => true, error => { if (error.code === 404) return false; throw error })
        if (!more) break
      }
      const { chat_ids: ids } = await call({ _: 'getChats', chat_list: { _: 'chatListMain' }, limit: 1000 })
      const chats = await Promise.all(ids.map(id => call({ _: 'getChat', chat_id: id })))
      return chats.map(chat => ({ peer: chat.id, top: chat.last_message && toServerId(chat.last_message.id), unread: chat.unread_count }))
    },
    async read ({ peer, upTo }) {
      await call({ _: 'viewMessages', chat_id: await chatOf(peer), message_ids: [fromServerId(upTo)], source: { _: 'messageSourceChatHistory' }, force_read: true })
    },
    async alive () {
      if (connection !== CONNECTED) await new Promise(resolve => whenConnected.add(resolve))
    },
    ...networkOf(relay),
    async close () { await client.close(); relay.close() }
  }
})
