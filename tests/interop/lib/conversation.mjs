// A private chat of two devices of different accounts, and what each of them must see of it.
//
// The script is the list of messages in the order in which they were said: people take turns, so both sides agree on
// it. Messages on the way during a break (of connections, or of the server) are the exception: each side has its own
// order there, and one that its sender reports as failed may exist once or not at all.
import { deepStrictEqual } from 'node:assert'
import { runsOf, sample } from './samples.mjs'

const ARRIVAL_MS = 20_000
const RESEND_MS = 30_000
const LEFT = 0
const RIGHT = 1

/** Throws unless `real` equals `wanted`, naming the first place where they differ. */
function same (real, wanted, what) {
  try { deepStrictEqual(real, wanted) } catch {
    if (!Array.isArray(wanted)) throw new Error(`${what}: ${JSON.stringify(real)} instead of ${JSON.stringify(wanted)}`)
    const at = wanted.findIndex((each, i) => JSON.stringify(each) !== JSON.stringify(real[i]))
    const place = at < 0 ? wanted.length : at
    throw new Error(`${what}: ${real.length} instead of ${wanted.length}; number ${place} is ${JSON.stringify(real[place])} instead of ${JSON.stringify(wanted[place])}`)
  }
}

export class Conversation {
  /** `people` = two { device, user, phone }. */
  constructor (name, number, people) {
    this.name = name
    this.number = number
    this.people = people
    this.script = []
    this.breaks = [] // Parts of the script that were on the way during a break: { from, to }, `to` once it is over.
  }

  peerOf (side) { return this.people[1 - side].user }

  /** Each finds the other by phone number: one by adding a contact, the other by asking for the number. */
  async meet () {
    const ways = this.number % 2 ? ['import', 'resolve'] : ['resolve', 'import']
    for (const side of [LEFT, RIGHT]) {
      const { device } = this.people[side]
      const other = this.people[1 - side]
      const { user } = await device.do('find', { how: ways[side], phone: other.phone, name: other.name })
      same(user, other.user, `${device.label}: user found by phone`)
    }
  }

  #write (side) {
    const index = this.script.length
    const message = { from: side, ...sample(`c${this.number} no ${index}`, index), replyTo: null, ids: [] }
    // Every third message answers one of the last few, of either side, that both have by now.
    const known = this.script.findLastIndex(each => each.ids[side])
    if (index % 3 === 2 && known >= 0) message.replyTo = Math.max(0, known - index % 4)
    if (message.replyTo !== null && !this.script[message.replyTo].ids[side]) message.replyTo = null
    this.script.push(message)
    return message
  }

  async #send (side, message, ms) {
    const { device } = this.people[side]
    const replyTo = message.replyTo === null ? null : this.script[message.replyTo].ids[side]
    const { text, entities } = message
    const { id } = await device.do('send', { to: this.peerOf(side), text, entities, replyTo }, ms)
    message.ids[side] = id
  }

  /** `side` sends `count` messages, one after the other's answer. */
  async say (side, count) {
    for (let i = 0; i < count; i++) await this.#send(side, this.#write(side))
  }

  /** `side` sends `count` messages at once and nobody waits; settle() does. */
  sayAdrift (side, count) {
    if (!this.flying) {
      this.flying = []
      this.breaks.push({ from: this.script.length })
    }
    for (let i = 0; i < count; i++) {
      const message = this.#write(side)
      message.replyTo = null
      this.flying.push(this.#send(side, message, RESEND_MS).catch(error => { message.error = error }))
    }
  }

  /** Waits until `side` has been told of everything that the other said from number `from` on. */
  async hear (side, from = 0) {
    const { device } = this.people[side]
    const peer = this.peerOf(side)
    const wanted = this.script.slice(from).filter(message => message.from !== side && !message.error)
    const missing = () => {
      const texts = new Map(device.receivedFrom(peer).map(message => [message.text, message.id]))
      for (const message of wanted) message.ids[side] ??= texts.get(message.text)
      return wanted.filter(message => !texts.has(message.text))
    }
    await device.until(() => missing().length === 0, ARRIVAL_MS, 'updates about new messages').catch(error => {
      throw new Error(`${error.message}: ${missing().length} of ${wanted.length} did not come, the first is ${JSON.stringify(missing()[0]?.text.slice(0, 40))}`)
    })
  }

  /** Both sides in turn: `rounds` times `burst` messages each way. */
  async talk (rounds, burst) {
    for (let round = 0; round < rounds; round++) {
      for (const side of [LEFT, RIGHT]) {
        const from = this.script.length
        await this.say(side, burst)
        await this.hear(1 - side, from)
      }
    }
  }

  /** After a break: waits until every message that was on the way is answered, and stored on both sides. */
  async settle () {
    await Promise.all(this.flying ?? [])
    this.flying = undefined
    if (this.breaks.length) this.breaks.at(-1).to ??= this.script.length
    const due = this.script.filter(message => !message.error)
    const isThere = async side => {
      const texts = new Set((await this.people[side].device.do('history', { peer: this.peerOf(side) })).map(message => message.text))
      return due.every(message => texts.has(message.text))
    }
    const deadline = Date.now() + ARRIVAL_MS * this.people[LEFT].device.patience
    for (const side of [LEFT, RIGHT]) {
      while (!(await isThere(side)) && Date.now() < deadline) await new Promise(resolve => setTimeout(resolve, 500))
    }
  }

  /** Why messages that were on the way got no answer, one line each. */
  unanswered () { return this.script.flatMap(message => message.error ? [message.error.message] : []) }

  /** What updates told `side`: nothing twice, in order, with the content that was sent. */
  checkReceived (side) {
    const { device } = this.people[side]
    const told = device.receivedFrom(this.peerOf(side))
    for (let i = 1; i < told.length; i++) {
      if (told[i].id <= told[i - 1].id) throw new Error(`${device.label}: an update about message ${told[i].id} came after ${told[i - 1].id}: ${JSON.stringify(told[i].text.slice(0, 40))}`)
    }
    const sent = new Map(this.script.map(message => [message.text, message]))
    for (const message of told) {
      const original = sent.get(message.text)
      if (!original) throw new Error(`${device.label}: an update about a message that was never sent: ${JSON.stringify(message)}`)
      same(runsOf(message), runsOf(original), `${device.label}: formatting of ${JSON.stringify(message.text.slice(0, 40))}`)
    }
  }

  /** Compares the whole history of `side` with the script and returns it. */
  async checkHistory (side) {
    const { device } = this.people[side]
    const history = await device.do('history', { peer: this.peerOf(side) })
    for (let i = 1; i < history.length; i++) {
      if (history[i].id <= history[i - 1].id) throw new Error(`${device.label}: history: id ${history[i].id} after ${history[i - 1].id}`)
    }
    const position = new Map(history.map((message, i) => [message.id, i]))
    // Within a break messages are compared as a set, so a reply there or across it is compared by text.
    const seen = message => ({
      from: message.out ? side : 1 - side,
      text: message.text,
      formatting: runsOf(message),
      replyTo: message.replyTo === null ? null : history[position.get(message.replyTo)]?.text ?? `no message ${message.replyTo}`
    })
    const meant = message => ({
      from: message.from,
      text: message.text,
      formatting: runsOf(message),
      replyTo: message.replyTo === null ? null : this.script[message.replyTo].text
    })
    const byText = (a, b) => a.text < b.text ? -1 : 1
    const texts = new Set(history.map(message => message.text))
    const exists = message => !message.error || texts.has(message.text)
    let at = 0 // How far the history is compared.
    let said = 0 // How far the script is.
    for (const [number, { from, to }] of [...this.breaks, { from: this.script.length }].entries()) {
      const before = history.slice(at, at + from - said).map(seen)
      same(before, this.script.slice(said, from).map(meant), `${device.label}: history${number ? ` after break ${number}` : ''}`)
      at += before.length
      if (to === undefined) break
      const within = this.script.slice(from, to).filter(exists).map(meant)
      same(history.slice(at, at + within.length).map(seen).sort(byText), within.sort(byText), `${device.label}: history in break ${number + 1}`)
      at += within.length
      said = to
    }
    same(history.slice(at).map(seen), [], `${device.label}: the end of the history`)
    return history
  }

  /** Everything that both sides can tell by now is as it should be, and they agree. */
  async check () {
    const histories = await Promise.all([LEFT, RIGHT].map(side => this.checkHistory(side)))
    for (const side of [LEFT, RIGHT]) this.checkReceived(side)
    same(histories[RIGHT].map(message => message.text).sort(), histories[LEFT].map(message => message.text).sort(), 'the two histories')
  }
}

export { same }
