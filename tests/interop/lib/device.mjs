// One device: a driver process (../clients) with one client in it, signed in to one account or about to be.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { nameOf } from './matrix.mjs'

const CLIENTS = join(dirname(fileURLToPath(import.meta.url)), '..', 'clients')
const DRIVERS = { mtcute: 'mtcute/driver.mjs', gramjs: 'gramjs/driver.cjs', tdlib: 'tdlib/driver.cjs', chromium: 'chromium/driver.mjs' }

const STEP_MS = 30_000

export class Device {
  /** `surroundings` = { host, port, httpPort, key, library, browser, folder, patience, record, logLevel }: what all devices of a run share. */
  constructor (label, configuration, surroundings) {
    this.label = `${label} ${nameOf(configuration)}`
    this.configuration = configuration
    this.surroundings = surroundings
    this.received = [] // Messages that the client reported by itself, in the order in which it did.
    this.calls = new Map() // With `record`: method -> how often it was called.
    this.pending = new Map()
    this.wake = new Set()
    this.nextId = 1
  }

  /** Starts the process; `options` are further lines of its configuration. */
  async start (options = {}) {
    const { folder, patience, ...shared } = this.surroundings
    this.folder = join(folder, this.label.replace(/[^\w+-]+/g, '_'))
    mkdirSync(this.folder, { recursive: true })
    this.logFile = join(this.folder, 'driver.log')
    this.transcript = createWriteStream(join(this.folder, 'transcript.jsonl'))
    this.patience = patience
    const child = this.child = spawn(process.execPath, [join(CLIENTS, DRIVERS[this.configuration.client])], { stdio: ['pipe', 'pipe', openSync(this.logFile, 'a')] })
    child.stdin.on('error', () => {})
    this.ended = new Promise(resolve => child.on('exit', (code, signal) => {
      this.gone = new Error(`${this.label}: its process ended with ${signal ?? code}`)
      for (const { reject } of this.pending.values()) reject(this.gone)
      for (const wake of this.wake) wake()
      resolve()
    }))
    createInterface({ input: child.stdout }).on('line', line => this.#onLine(line))
    this.#write({
      ...shared,
      dc: 2, apiId: 1, apiHash: '0'.repeat(32),
      folder: this.folder, ...this.configuration, ...options
    })
    await this.until(() => this.isReady, STEP_MS, 'the client to load')
  }

  #write (object) {
    const line = JSON.stringify(object)
    this.transcript.write(`${Date.now()} > ${line}\n`)
    this.child.stdin.write(line + '\n')
  }

  #onLine (line) {
    this.transcript.write(`${Date.now()} < ${line}\n`)
    const said = JSON.parse(line)
    if (said.id !== undefined) {
      const waiting = this.pending.get(said.id)
      this.pending.delete(said.id)
      if (said.error) waiting?.reject(Object.assign(new Error(`${this.label}: ${waiting.what}: ${said.error.message}`), { detail: said.error }))
      else waiting?.resolve(said.result)
      return
    }
    if (said.event === 'ready') this.isReady = true
    else if (said.event === 'failed') this.gone = new Error(`${this.label}: ${said.message}`)
    else if (said.event === 'message') this.received.push(said.message)
    else if (said.event === 'call') this.calls.set(said.method, (this.calls.get(said.method) ?? 0) + 1)
    for (const wake of this.wake) wake()
  }

  /** Has the client do a command of ../README.md; rejects with its error, or when it takes too long. */
  do (command, args = {}, ms = STEP_MS) {
    if (this.gone) return Promise.reject(this.gone)
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(id)
        reject(Object.assign(new Error(`${this.label}: ${command}: no answer in time`), { timedOut: true }))
      }, ms * this.patience)
      const end = settle => value => { clearTimeout(timer); settle(value) }
      this.pending.set(id, { what: command, resolve: end(resolve), reject: end(reject) })
      this.#write({ id, do: command, ...args })
    })
  }

  /** Waits until `isDone()`, which is asked again whenever the client reports something. */
  async until (isDone, ms, what) {
    const deadline = Date.now() + ms * this.patience
    while (!isDone()) {
      if (this.gone) throw this.gone
      const left = deadline - Date.now()
      if (left <= 0) throw new Error(`${this.label}: waited in vain for ${what}`)
      await new Promise(resolve => {
        const wake = () => { clearTimeout(timer); this.wake.delete(wake); resolve() }
        const timer = setTimeout(wake, left)
        this.wake.add(wake)
      })
    }
  }

  receivedFrom (peer) { return this.received.filter(message => message.peer === peer && !message.out) }

  receivedOwn (peer) { return this.received.filter(message => message.peer === peer && message.out) }

  /** Ends the client and its process, by force if it lingers. */
  async stop () {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode) return
    await this.do('close', {}, 3_000).catch(() => {})
    this.child.stdin.end()
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 2_000)
    await this.ended
    clearTimeout(timer)
  }

  kill () { this.child?.kill('SIGKILL') }

  lastLines (count) {
    const tail = file => { try { return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count) } catch { return [] } }
    return { log: tail(this.logFile), transcript: tail(join(this.folder ?? '', 'transcript.jsonl')) }
  }
}
