// The judge is judged: a conversation through a make-believe server passes, and each fault planted in it is seen.
//   node --test tests/interop/lib/
import { rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { Conversation } from './conversation.mjs'

/** A device on a make-believe server: two boxes with their own numbering, and the interface of device.mjs. */
class FakeDevice {
  constructor (user, faults) {
    this.label = `device of ${user}`
    Object.assign(this, { user, faults, box: [], received: [], top: user * 100, patience: 0 })
  }

  put (message, replyTo) {
    const stored = { ...message, id: ++this.top, replyTo }
    this.box.push(stored)
    return stored
  }

  async do (command, args) {
    if (command === 'find') return { user: this.other.user }
    if (command === 'history') return this.faults.history?.(this, this.box) ?? this.box
    const common = { text: args.text, entities: args.entities }
    const replied = this.box.findIndex(message => message.id === args.replyTo)
    const mine = this.put({ ...common, peer: this.other.user, out: true }, args.replyTo)
    const theirs = this.other.put({ ...common, peer: this.user, out: false }, replied < 0 ? null : this.other.box[replied].id)
    this.other.received.push(theirs)
    if (this.faults.twice) this.other.received.push(theirs)
    return { id: mine.id }
  }

  async until (isDone) { if (!isDone()) throw new Error('waited in vain') }

  receivedFrom (peer) { return this.received.filter(message => message.peer === peer) }
}

async function converse (faults = {}) {
  const devices = [1, 2].map(user => new FakeDevice(user, faults))
  devices[0].other = devices[1]
  devices[1].other = devices[0]
  const conversation = new Conversation('test', 1, devices.map(device => ({ device, user: device.user, phone: '1' })))
  await conversation.meet()
  await conversation.talk(4, 5)
  conversation.sayAdrift(0, 3)
  conversation.sayAdrift(1, 3)
  await conversation.settle()
  for (const side of [0, 1]) await conversation.hear(side)
  await conversation.talk(2, 3)
  await conversation.check()
  conversation.sayAdrift(1, 2)
  await conversation.settle()
  await conversation.check()
}

/** Changes the history that user 2 sees, by a function of a copy of it. */
const onSecond = change => ({ history: (device, box) => device.user === 2 ? change(box.map(message => ({ ...message }))) : box })

test('a sound conversation passes', () => converse())
for (const [at, place] of [[3, 'before a break'], [42, 'in a break'], [50, 'after a break'], [59, 'in another break']]) {
  test(`a message missing ${place} is seen`, () => rejects(converse(onSecond(box => box.filter((_, i) => i !== at))), /history/))
  test(`a message stored twice ${place} is seen`, () => rejects(converse(onSecond(box => {
    if (box.length > at) box.splice(at, 0, { ...box[at], id: box[at].id - 0.5 })
    return box
  })), /history/))
  test(`changed text ${place} is seen`, () => rejects(converse(onSecond(box => { if (box[at]) box[at].text += '!'; return box })), /history/))
}
test('swapped messages are seen', () => rejects(converse(onSecond(box => {
  if (box.length > 5) [box[3].text, box[4].text] = [box[4].text, box[3].text]
  return box
})), /history/))
test('lost formatting is seen', () => rejects(converse(onSecond(box => box.map(message => ({ ...message, entities: [] })))), /history/))
test('a reply to another message is seen', () => rejects(converse(onSecond(box => {
  for (const message of box) if (message.replyTo) message.replyTo--
  return box
})), /history/))
test('ids that do not grow are seen', () => rejects(converse(onSecond(box => { if (box[4]) box[4].id = box[3].id; return box })), /id \d+ after/))
test('an update that comes twice is seen', () => rejects(converse({ twice: true }), /came after/))
