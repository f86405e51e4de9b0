// The server under test: a child process on a data folder, which can be killed and started again on the same ports.
import { spawn, execFileSync } from 'node:child_process'
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const READY = /^ready mtproto=([\d.]+):(\d+) http=([\d.]+):(\d+) pid=(\d+)/

export class Server {
  /** Nothing runs before start(). `folder` gets the data and the log. */
  constructor (binary, folder, patience) {
    this.binary = binary
    this.data = join(folder, 'data')
    this.logFile = join(folder, 'server.log')
    this.keyFile = join(folder, 'server.pem')
    this.patience = patience
    this.address = { mtproto: '127.0.0.1:0', http: '127.0.0.1:0' }
    this.onUnexpectedEnd = () => {}
  }

  /** Resolves once the server says it is ready; rejects when it ends or is silent instead. */
  async start () {
    const log = createWriteStream(this.logFile, { flags: 'a' })
    const args = ['serve', '--data', this.data, '--mtproto', this.address.mtproto, '--http', this.address.http, '--test-numbers']
    const child = this.child = spawn(this.binary, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    child.ended = new Promise(resolve => {
      child.on('exit', (code, signal) => resolve({ code, signal }))
      child.on('error', error => resolve({ code: error.code, signal: null }))
    })
    child.stderr.pipe(log)
    const ready = await new Promise((resolve, reject) => {
      let out = ''
      const timer = setTimeout(() => reject(new Error('the server was not ready in time')), 20_000 * this.patience)
      child.ended.then(({ code, signal }) => reject(new Error(`the server ended with ${signal ?? code} before it was ready`)))
      child.stdout.on('data', bytes => {
        log.write(bytes)
        out += bytes
        const match = out.match(new RegExp(READY, 'm'))
        if (match && out.includes('\n')) { clearTimeout(timer); resolve(match) }
      })
    })
    const [, host, port, httpHost, httpPort] = ready
    this.host = host
    this.port = Number(port)
    this.httpPort = Number(httpPort)
    this.address = { mtproto: `${host}:${port}`, http: `${httpHost}:${httpPort}` }
    this.isReady = true
    child.ended.then(({ code, signal }) => { if (!child.wanted) this.onUnexpectedEnd(`the server ended with ${signal ?? code}`) })
  }

  /** Writes the public key to keyFile. */
  fetchKey () {
    writeFileSync(this.keyFile, execFileSync(this.binary, ['key', '--data', this.data], { timeout: 20_000 * this.patience }))
  }

  /** kill -9. */
  async kill () {
    this.child.wanted = true
    this.child.kill('SIGKILL')
    await this.child.ended
  }

  /** SIGTERM; resolves to { code, signal }, the latter SIGKILL if it had to be forced. */
  async stop () {
    this.child.wanted = true
    this.child.kill('SIGTERM')
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 10_000 * this.patience)
    return this.child.ended.finally(() => clearTimeout(timer))
  }

  lastLines (count) {
    try { return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-count) } catch { return [] }
  }
}
