// The one Chromium of a run: a child process that starts it (../clients/chromium/browser.mjs) and ends with it.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const HOST = join(dirname(fileURLToPath(import.meta.url)), '..', 'clients', 'chromium', 'browser.mjs')
const START_MS = 60_000

export class Browser {
  /** Nothing runs before start(). `folder` gets the page, the browser's profile and the log. */
  constructor (folder, patience) {
    this.folder = folder
    this.patience = patience
  }

  /** Resolves to what its drivers need: { endpoint, page }. */
  async start () {
    mkdirSync(this.folder, { recursive: true })
    const child = this.child = spawn(process.execPath, [HOST, this.folder], { stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.on('error', () => {})
    child.stderr.pipe(createWriteStream(join(this.folder, 'browser.log')))
    this.ended = new Promise(resolve => child.on('exit', (code, signal) => resolve(signal ?? code)))
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('Chromium was not ready in time')), START_MS * this.patience)
      this.ended.then(how => reject(new Error(`Chromium's process ended with ${how} before it was ready; it comes with: tools/setup test`)))
      createInterface({ input: child.stdout }).once('line', line => { clearTimeout(timer); resolve(JSON.parse(line)) })
    })
  }

  /** Ends it with all its tabs, by force if it lingers. */
  async stop () {
    if (!this.child) return
    this.child.stdin.end()
    const timer = setTimeout(() => this.kill(), 5_000)
    await this.ended
    clearTimeout(timer)
  }

  kill () { this.child?.kill('SIGKILL') }
}
