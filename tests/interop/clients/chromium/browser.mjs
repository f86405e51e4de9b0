// One headless Chromium for all devices of a run, and the page that they open: node browser.mjs FOLDER
//
// The page (page.mjs, bundled) goes to FOLDER, and so does the browser's profile. Once both are there one line comes out:
// {"endpoint": where a driver joins the browser, "page": the page's address}. Ends when standard input does.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'

const HERE = dirname(fileURLToPath(import.meta.url))
const CHROMIUM = '/usr/bin/chromium'
const [, , folder] = process.argv

await build({
  entryPoints: [join(HERE, 'page.mjs')],
  outfile: join(folder, 'page.js'),
  bundle: true,
  format: 'esm',
  target: 'chrome140',
  logLevel: 'error'
})

// The library looks for its WebAssembly beside the script.
const wasm = dirname(createRequire(import.meta.url).resolve('@mtcute/wasm'))
const files = new Map([
  ['/', ['text/html', '<!doctype html><title>interop</title><script type="module" src="page.js"></script>']],
  ['/page.js', ['text/javascript', readFileSync(join(folder, 'page.js'))]],
  ...['mtcute.wasm', 'mtcute-simd.wasm'].map(name => [`/${name}`, ['application/wasm', readFileSync(join(wasm, name))]])
])
const pages = createServer((request, response) => {
  const [type, body] = files.get(request.url) ?? []
  response.writeHead(body ? 200 : 404, type && { 'Content-Type': type }).end(body)
})
await new Promise((resolve, reject) => pages.on('error', reject).listen(0, '127.0.0.1', resolve))

const browser = await chromium.launchServer({
  executablePath: CHROMIUM,
  chromiumSandbox: process.getuid() !== 0, // Root's Chromium has none.
  host: '127.0.0.1',
  // No name resolves: whatever a browser likes to tell its makers stays on this machine.
  args: ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', '--disable-quic', '--no-pings', '--disable-domain-reliability'],
  env: { ...process.env, TMPDIR: folder, HOME: folder }
})
process.stdin.resume().on('end', async () => {
  await browser.close().catch(() => {})
  process.exit(0)
})
browser.on('close', () => process.exit(1))
console.log(JSON.stringify({ endpoint: browser.wsEndpoint(), page: `http://127.0.0.1:${pages.address().port}/` }))
