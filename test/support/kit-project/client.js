/** The client of the README's example: it asks five times a second, and says when it is lost and when it is back. */
const { connect } = require('node:net')

const PATIENCE_MS = 1000
const socket = connect(7000, process.argv[2])
let isLost = false
let heardAtMs = performance.now()
socket.on('connect', () => {
  setInterval(() => {
    socket.write('.')
    if (isLost || performance.now() - heardAtMs < PATIENCE_MS) return
    isLost = true
    console.log('lost')
  }, 200)
})
socket.on('data', () => {
  if (isLost) console.log('back')
  isLost = false
  heardAtMs = performance.now()
})
