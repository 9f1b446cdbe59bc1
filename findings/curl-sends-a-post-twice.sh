#!/usr/bin/env bash
# curl sends a POST twice, and says nothing
#
# One would guess: a POST that was sent, and then met the end of its connection, is an error. Whether the server has
#   acted on it is unknown, so only the caller may decide to send it again (RFC 9110, 9.2.2).
# What happens: on a connection that is used for the second time, curl takes any end without an answer for "the server
#   had closed it meanwhile", and sends the whole request again over a new one. No --retry is needed, the exit status
#   is 0, and the server has acted twice. On a new connection the same end is an error, and the POST was sent once.
# Seen with: curl 7.88.1 of Debian 12. Control: fetch of Node 20 reports the error in both places.
# Source: lib/transfer.c, Curl_retry_request(): it asks whether the connection was reused and nothing was received, not
#   which method it is. A switch to forbid it was proposed in https://github.com/curl/curl/pull/18417 (2025).
set -euo pipefail
# shellcheck source=parts/start.sh
source "$(dirname "$0")/parts/start.sh"

debian_program curl curl
curl --version | head -n 1

cat >"$work/post.mjs" <<'JS'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import http from 'node:http'

// A server that does what a POST asks. The first time that it is asked to /pay, it does it and then loses the connection.
let done = []
const server = http.createServer((request, response) => {
  request.resume().on('end', () => {
    done.push(request.url)
    const paid = done.filter((path) => path === '/pay').length
    if (request.url === '/pay' && paid === 1) request.socket.end()
    else response.end('ok\n')
  })
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${server.address().port}`

const withCurl = (paths) =>
  new Promise((resolve) => {
    const requests = paths.map((path) => ['--silent', '--show-error', '--max-time', '5', '--data', 'sum=10', url + path])
    const args = requests.flatMap((request, at) => (at === 0 ? request : ['--next', ...request]))
    execFile('curl', ['--noproxy', '*', ...args], (error, _, words) => {
      resolve(error === null ? 'exit status 0' : `exit status ${error.code}, ${words.trim()}`)
    })
  })

const withFetch = async (paths) => {
  let last = 'ok'
  for (const path of paths) {
    const sent = fetch(url + path, { method: 'POST', body: 'sum=10' }).then((answer) => answer.text())
    await sent.catch((error) => { last = error.cause.message })
  }
  return last
}

/** What a client says of these POSTs, one after the other, and which of them the server has carried out. */
async function post(client, ...paths) {
  done = []
  const says = await client(paths)
  const carriedOut = done.join(' ')
  console.log(`${client.name}: POST ${paths.join(', POST ')}\n  it says: ${says}\n  the server carried out: ${carriedOut}`)
  return { says, carriedOut }
}

const fresh = await post(withCurl, '/pay')
const reused = await post(withCurl, '/hello', '/pay')
const fetched = await post(withFetch, '/hello', '/pay')

assert.equal(fresh.carriedOut, '/pay', 'curl on a new connection: sent once')
assert.match(fresh.says, /status 52/, 'curl on a new connection: an error')
assert.equal(fetched.carriedOut, '/hello /pay', 'fetch on a used connection: sent once')
assert.notEqual(fetched.says, 'ok', 'fetch on a used connection: an error')
assert.equal(reused.carriedOut, '/hello /pay /pay', 'curl on a used connection: sent twice')
assert.equal(reused.says, 'exit status 0', 'curl on a used connection: no error')
process.exit()
JS
timeout 30 node "$work/post.mjs"
