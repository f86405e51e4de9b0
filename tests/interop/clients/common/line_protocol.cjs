// How run.mjs and a driver talk: one JSON object per line.
//
//   in   {"host", "port", "key", ...}                      the first line: what client to be (see README.md)
//   in   {"id": 7, "do": "send", "to": 12, "text": "hi"}   a command; commands may overlap
//   out  {"id": 7, "result": {...}}                        its answer, or
//   out  {"id": 7, "error": {"message", "code"}}
//   out  {"event": "message", ...}                         whatever the client reports by itself
//
// Standard output carries nothing else; what a library prints goes to standard error. A driver ends when its
// standard input does, so none outlives the program that started it.
'use strict'

const plain = (key, value) => typeof value === 'bigint' ? value.toString() : value
const write = object => process.stdout.write(JSON.stringify(object, plain) + '\n')

/** Reports something that no command asked for. */
const emit = (event, data = {}) => write({ event, ...data })

const describe = error => ({
  message: String(error?.errorMessage ?? error?.text ?? error?.message ?? error),
  code: error?.code,
  stack: error?.stack?.split('\n').slice(1, 5).map(line => line.trim())
})

/** Runs a driver: `start(config)` makes the client and returns its commands, by name. */
function serve (start) {
  for (const name of ['log', 'info', 'debug']) console[name] = console.error
  process.on('unhandledRejection', error => emit('trouble', describe(error)))
  let commands
  const lines = require('node:readline').createInterface({ input: process.stdin })
  lines.on('line', line => {
    const request = JSON.parse(line)
    if (!commands) {
      commands = Promise.resolve().then(() => start(request))
      commands.then(() => emit('ready'), error => emit('failed', describe(error)))
      return
    }
    commands
      .then(table => {
        if (!table[request.do]) throw new Error(`no command ${request.do}`)
        return table[request.do](request)
      })
      .then(result => write({ id: request.id, result: result ?? null }), error => write({ id: request.id, error: describe(error) }))
  })
  lines.on('close', () => process.exit(0))
}

module.exports = { serve, emit }
