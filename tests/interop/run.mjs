// Unmodified clients chat through a server that is killed in between. What is tested, and how: README.md.
//   node tests/interop/run.mjs [--server BIN] [--quick | --full] [--only REGEX] [--keep] [--patience N] [--record] [--log-level N]
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Browser } from './lib/browser.mjs'
import { Conversation, same } from './lib/conversation.mjs'
import { Device } from './lib/device.mjs'
import { lateDeviceOf, nameOf, pairsOf } from './lib/matrix.mjs'
import { runsOf, sample } from './lib/samples.mjs'
import { Server } from './lib/server.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)
const { copyWithServerKey } = require('./clients/common/server_key.cjs')

const { values: options } = parseArgs({
  options: {
    server: { type: 'string', default: join(HERE, '../../build/release/bin/heliograph') },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    patience: { type: 'string', default: '1' },
    record: { type: 'boolean', default: false },
    'log-level': { type: 'string' }
  }
})
const patience = Number(options.patience)

// Two cores are the least we expect: more at once only makes everyone late.
const AT_ONCE = { signIn: 4, talk: 8, late: 4, tell: 16, breaks: 4 }
const WHOLE_RUN_MS = 15 * 60_000
const ROUNDS = 4
const BURST = 5 // 4 rounds of 5: 20 messages each way.
const BREAKS = 3 // Conversations of an account that are under way when it loses its connection.
const BEFORE_KILL_MS = 40

const started = Date.now()
const seconds = () => ((Date.now() - started) / 1000).toFixed(1).padStart(6)
const say = text => console.log(`${seconds()} ${text}`)
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/** Runs `work` on every item, `count` at a time. */
async function inParallel (items, count, work) {
  const queue = [...items]
  await Promise.all(Array.from({ length: count }, async () => {
    while (queue.length) await work(queue.shift())
  }))
}

// ---- Cases: what the last line counts.

const cases = new Map() // Name -> { error, devices }.

/** Does one step of a case, unless an earlier one failed. */
async function step (name, devices, work) {
  if (!cases.has(name)) cases.set(name, {})
  const entry = cases.get(name)
  if (entry.error) return
  try { await work() } catch (error) {
    Object.assign(entry, { error, devices })
    say(`FAIL ${name}: ${error.message}`)
  }
}

function report (server) {
  const failed = [...cases].filter(([, { error }]) => error)
  for (const [name, { error, devices }] of failed) {
    console.log(`\n---- ${name}\n${error.stack ?? error}`)
    if (error.detail) console.log(JSON.stringify(error.detail))
    for (const device of devices) {
      const { log, transcript } = device.lastLines(8)
      console.log(`  ${device.label}`)
      for (const line of [...transcript, ...log]) console.log(`    ${line.slice(0, 400)}`)
    }
  }
  if (failed.length) {
    console.log('\n---- the server')
    for (const line of server.lastLines(30)) console.log(`  ${line.slice(0, 400)}`)
  }
  console.log(`interop: ${cases.size - failed.length} passed, ${failed.length} failed, 0 skipped, ${seconds().trim()} s`)
  return failed.length === 0 && cases.size > 0
}

// ---- Set-up.

/** Installs a client's packages as its lock file says, unless they are there. */
function install (client) {
  const folder = join(HERE, 'clients', client)
  const done = join(folder, 'node_modules', '.package-lock.json')
  const pinned = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')).packages
  delete pinned['']
  if (existsSync(done)) {
    const there = JSON.parse(readFileSync(done, 'utf8')).packages
    if (Object.keys(there).every(name => there[name].version === pinned[name]?.version) && Object.entries(pinned).every(([name, each]) => there[name] || each.optional)) return
  }
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000 })
}

/** Accounts and conversations of this run. A configuration's left account is not its right one: it can meet itself. */
function cast () {
  const accounts = new Map()
  const account = (configuration, side) => {
    const key = `${side} ${nameOf(configuration)}`
    if (!accounts.has(key)) {
      const number = accounts.size
      accounts.set(key, { number, side, configuration, name: `Person ${number}`, phone: `999661${String(1000 + number)}`, conversations: [] })
    }
    return accounts.get(key)
  }
  const wanted = new RegExp(options.only ?? '')
  const conversations = pairsOf(options.full ? 'full' : options.quick ? 'quick' : 'default')
    .map(pair => ({ pair, name: pair.map(nameOf).join(' with ') }))
    .filter(({ name }) => wanted.test(name))
    .map(({ pair, name }, number) => {
      const people = [account(pair[0], 'left'), account(pair[1], 'right')]
      const conversation = new Conversation(name, number, people)
      for (const person of people) person.conversations.push(conversation)
      return conversation
    })
  return { accounts: [...accounts.values()], conversations }
}

const CODE = '111111' // Of the numbers 99966 1 YYYY.

async function signIn (account, device, wantedSignUp) {
  const answer = await device.do('sign_in', { phone: account.phone, code: CODE, name: account.name }, 60_000)
  if (answer.signedUp !== wantedSignUp) throw new Error(`${device.label}: ${wantedSignUp ? 'was signed in, not asked to sign up' : 'was asked to sign up again'}`)
  same(answer.name, account.name, `${device.label}: own name`)
  return answer.user
}

// ---- The run.

async function main () {
  const { accounts, conversations } = cast()
  if (!conversations.length) {
    console.log(`interop: no pair matches ${options.only}`)
    process.exit(1)
  }
  const folder = mkdtempSync(join(tmpdir(), 'heliograph-interop-'))
  const server = new Server(resolve(options.server), folder, patience)
  const devices = new Set()
  const browser = new Browser(join(folder, 'browser'), patience)
  const cleanUp = () => {
    for (const device of devices) device.kill()
    browser.kill()
    server.child?.kill('SIGKILL')
    if (options.keep) console.log(`kept: ${folder}`)
    else rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }) // A killed browser may still write.
  }
  const abort = why => {
    console.log(`interop: ${why}`)
    cases.set('the run', { error: new Error(why), devices: [] })
    report(server)
    cleanUp()
    process.exit(1)
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => abort(`ended by ${signal}`))
  setTimeout(() => abort('the whole run took too long'), WHOLE_RUN_MS * patience).unref()
  server.onUnexpectedEnd = why => abort(why)

  try {
    const clients = new Set(accounts.flatMap(({ configuration, number, side }) => [configuration, ...side === 'left' ? [lateDeviceOf(number)] : []]).map(({ client }) => client))
    if (clients.has('chromium')) clients.add('mtcute') // They share their commands.
    for (const client of clients) install(client)
    await server.start()
    server.fetchKey()
    const library = join(folder, 'libtdjson.so')
    if (clients.has('tdlib')) copyWithServerKey(join(HERE, 'clients/tdlib/node_modules/@prebuilt-tdlib/linux-x64-glibc/libtdjson.so'), library, server.keyFile)
    mkdirSync(join(folder, 'devices'))
    const surroundings = {
      host: server.host,
      port: server.port,
      httpPort: server.httpPort,
      key: server.keyFile,
      library,
      browser: clients.has('chromium') ? await browser.start() : undefined,
      folder: join(folder, 'devices'),
      patience,
      record: options.record,
      logLevel: options['log-level'] && Number(options['log-level'])
    }
    const launch = async (label, configuration, more) => {
      const device = new Device(label, configuration, surroundings)
      devices.add(device)
      await device.start(more)
      return device
    }
    await act({ server, accounts, conversations, launch, devices })
  } catch (error) {
    cases.set('the run', { error, devices: [] })
    say(`FAIL ${error.message}`)
  }
  if (options.record) printCalls(devices)
  await Promise.all([...devices].map(device => device.stop()))
  await browser.stop()
  if (server.isReady) await step('the server ends when asked to', [], async () => same(await server.stop(), { code: 0, signal: null }, 'exit on SIGTERM'))
  const fine = report(server)
  cleanUp()
  process.exit(fine ? 0 : 1)
}

async function act ({ server, accounts, conversations, launch, devices }) {
  const each = (count, work) => inParallel(conversations, count, conversation =>
    step(conversation.name, conversation.people.map(person => person.device), () => work(conversation)))

  const tell = (some, command) => inParallel(some, AT_ONCE.tell, account => account.device?.do(command).catch(error => say(error.message)))

  say(`${accounts.length} accounts sign up`)
  // Of every two right-hand accounts with the same client one will be away around the kill.
  const seen = {}
  for (const account of accounts) {
    if (account.side === 'right') account.away = (seen[account.configuration.client] = (seen[account.configuration.client] ?? 0) + 1) % 2 === 1
  }
  await inParallel(accounts, AT_ONCE.signIn, async account => {
    try {
      account.device = await launch(`${account.side} ${account.number}`, account.configuration, { relay: account.side === 'right' })
      account.user = await signIn(account, account.device, true)
    } catch (error) {
      account.device ??= [...devices].findLast(device => device.configuration === account.configuration)
      for (const { name } of account.conversations) await step(name, [account.device], () => { throw error })
    }
  })

  say(`${conversations.length} conversations`)
  await each(AT_ONCE.talk, async conversation => {
    await conversation.meet()
    await conversation.talk(ROUNDS, BURST)
    await conversation.check()
  })

  const rightHand = accounts.filter(({ side }) => side === 'right')
  say(`${rightHand.length} of them lose their connections with messages and answers on the way, the server lives on`)
  // A few conversations each, and not for long: GramJS chains all that it sends, and gives up a server that is silent.
  const broken = conversations.filter(conversation => conversation.people[1].conversations.indexOf(conversation) < BREAKS)
  await inParallel(rightHand, AT_ONCE.breaks, async account => {
    await tell([account], 'deafen')
    await inParallel(broken.filter(({ people }) => people[1] === account), BREAKS, conversation =>
      step(conversation.name, conversation.people.map(person => person.device), async () => {
        const from = conversation.script.length
        conversation.sayAdrift(1, 3)
        conversation.sayAdrift(0, 2)
        // What the server has taken is answered, but the answers are lost. Over HTTP the next request waits for the answer.
        if (account.configuration.transport !== 'http') await conversation.hear(0, from)
      }))
    await tell([account], 'cut')
    await tell([account], 'restore')
  })
  await each(conversations.length, async conversation => {
    if (!broken.includes(conversation)) return
    await conversation.settle()
    same(conversation.unanswered(), [], 'messages that failed though the server lived')
    await conversation.hear(0)
    // What was on the way to it comes again in the same session, but GramJS begins another one.
    if (conversation.people[1].configuration.client !== 'gramjs') await conversation.hear(1)
    await conversation.check()
  })

  const others = accounts.filter(account => account.away)
  say(`${others.length} of them go away, the others write on, the server is killed while they do`)
  await tell(others, 'leave')
  await each(AT_ONCE.talk, async conversation => {
    if (conversation.people[1].away) await conversation.say(0, 2)
  })
  await each(conversations.length, async conversation => {
    conversation.sayAdrift(0, 3)
    if (!conversation.people[1].away) conversation.sayAdrift(1, 3)
  })
  await sleep(BEFORE_KILL_MS)
  await server.kill()
  await server.start()
  await tell(others, 'come_back')
  await each(conversations.length, async conversation => {
    await Promise.all(conversation.people.map(({ device }) => device.do('alive', {}, 60_000)))
    await conversation.settle()
  })

  const unanswered = conversations.flatMap(conversation => conversation.unanswered())
  say(`they go on${unanswered.length ? ` (without an answer for ${unanswered.length} messages: ${unanswered.join('; ')})` : ''}`)
  await each(AT_ONCE.talk, async conversation => {
    // By themselves TDLib, and mtcute in a new page, ask for what they missed; mtcute in an old session when the next
    // update shows a gap; GramJS never.
    const catchUp = async isMeant => {
      for (const side of [0, 1]) if (isMeant(conversation.people[side])) await conversation.hear(side)
    }
    await catchUp(({ configuration: { client }, away }) => client === 'tdlib' || (client === 'chromium' && away))
    await conversation.talk(2, 3)
    await catchUp(({ configuration: { client } }) => client === 'mtcute' || client === 'chromium')
    await conversation.check()
  })
  for (const { name } of conversations) if (!cases.get(name).error) say(`ok ${name}`)

  say('a third device of each left account signs in')
  await inParallel(accounts.filter(account => account.side === 'left'), AT_ONCE.late, async account => {
    const configuration = lateDeviceOf(account.number)
    const name = `late ${nameOf(configuration)} beside ${nameOf(account.configuration)}`
    let late
    await step(name, [account.device], async () => {
      const sound = account.conversations.filter(conversation => !cases.get(conversation.name).error)
      if (!sound.length) throw new Error('none of its conversations came this far')
      late = await launch(`late ${account.number}`, configuration)
    })
    await step(name, [account.device, late], () => checkLateDevice(account, late))
    if (late) await late.stop()
    if (!cases.get(name).error) say(`ok ${name}`)
  })
}

/** Asks until the answer is fine, for what comes to a device by itself; after a while it takes what there is. */
async function soon (ask, isFine) {
  const deadline = Date.now() + 10_000 * patience
  for (;;) {
    const answer = await ask()
    if (isFine(answer) || Date.now() > deadline) return answer
    await sleep(200)
  }
}

/** A new session of an account: the same dialogs, the same histories, and live from then on in both directions. */
async function checkLateDevice (account, late) {
  same(await signIn(account, late, false), account.user, `${late.label}: user id`)
  const sound = account.conversations.filter(conversation => !cases.get(conversation.name).error)
  const everyone = sound.map(conversation => conversation.people[1].user).sort()
  const dialogs = await late.do('dialogs')
  same(dialogs.map(dialog => dialog.peer).filter(peer => everyone.includes(peer)).sort(), everyone, `${late.label}: peers of its dialogs`)

  const comparable = history => history.map(message => ({ ...message, entities: runsOf(message) }))
  for (const conversation of sound) {
    const peer = conversation.people[1].user
    const real = comparable(await late.do('history', { peer }))
    same(real, comparable(await account.device.do('history', { peer })), `${late.label}: history beside ${account.device.label}`)
    same(dialogs.find(dialog => dialog.peer === peer).top, real.at(-1).id, `${late.label}: last message of the dialog`)
  }

  const [conversation] = sound
  const peer = conversation.people[1].user
  const other = conversation.people[1].device
  for (const [writer, reader] of [[account.device, late], [late, account.device]]) {
    const text = `live from ${writer.label}`
    const { id } = await writer.do('send', { to: peer, text, entities: [], replyTo: null })
    await reader.until(() => reader.receivedOwn(peer).some(message => message.id === id && message.text === text), 20_000, `an update about what ${writer.label} sent`)
    await other.until(() => other.receivedFrom(account.user).some(message => message.text === text), 20_000, `the message of ${writer.label}`)
  }

  // What one device has read, the other has.
  const upTo = (await late.do('history', { peer })).findLast(message => !message.out).id
  await late.do('read', { peer, upTo })
  for (const device of [late, account.device]) {
    const unread = await soon(async () => (await device.do('dialogs')).find(dialog => dialog.peer === peer).unread, unread => unread === 0)
    same(unread, 0, `${device.label}: unread messages in a dialog that was read`)
  }

  // Notes to oneself.
  const notes = [1, 2].map(number => sample(`note ${number}`, number))
  const ids = []
  for (const note of notes) ids.push((await account.device.do('send', { to: 'me', ...note, replyTo: ids[0] ?? null })).id)
  const wanted = notes.map((note, i) => ({ id: ids[i], peer: account.user, text: note.text, entities: runsOf(note), replyTo: i ? ids[0] : null }))
  for (const device of [late, account.device]) {
    const history = await soon(() => device.do('history', { peer: 'me' }), history => history.length >= notes.length)
    const real = comparable(history).map(({ out, ...message }) => message) // Clients differ on whether a note is outgoing.
    same(real, wanted, `${device.label}: notes to oneself`)
  }
}

/** Which methods each client called, for those that can tell (mtcute, GramJS). */
function printCalls (devices) {
  const calls = {}
  for (const device of devices) {
    if (!device.calls.size) continue
    const all = calls[device.configuration.client] ??= new Map()
    for (const [method, count] of device.calls) all.set(method, (all.get(method) ?? 0) + count)
  }
  for (const [client, all] of Object.entries(calls)) console.log(`${client}: ${[...all].sort().map(([method, count]) => `${method} ${count}`).join(', ')}`)
}

await main()
