// The commands of ../../README.md on mtcute's own high-level API: for the driver here and for the page of ../chromium.
import { constructorOf, styleOf, urlOf } from '../common/entities.cjs'

const PAGE = 17 // Small, so that every history takes several pages.

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

/** What every client is made with, apart from storage, transport and addresses; `emit` as in ../common/line_protocol.cjs. */
export const settingsFor = (config, emit) => ({
  apiId: config.apiId,
  apiHash: config.apiHash,
  network: {
    usePfs: config.pfs,
    middlewares: config.record ? [async (call, next) => { emit('call', { method: call.request._ }); return next(call) }] : undefined
  },
  reconnectionStrategy: () => 500,
  logLevel: config.logLevel ?? 1
})

/** The commands, by name; the client's messages and troubles go to `emit` from now on. */
export function commandsOf (client, emit) {
  client.onError.add(error => emit('trouble', { message: String(error?.message ?? error) }))
  client.onNewMessage.add(message => emit('message', { message: toMessage(message.raw) }))

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
      const message = await client.sendText(to, {
        text,
        entities: entities.map(([style, offset, length]) => ({ _: 'messageEntity' + constructorOf(style), offset, length, ...(urlOf(style) ? { url: urlOf(style) } : {}) }))
      }, { replyTo: replyTo ?? undefined, disableWebPreview: true })
      return { id: message.id }
    },
    async history ({ peer }) {
      const all = []
      for (let offset; ;) {
        const page = await client.getHistory(peer, { limit: PAGE, offset })
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
    async close () { await client.destroy() }
  }
}
