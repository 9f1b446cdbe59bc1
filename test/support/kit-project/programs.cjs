/** What a test starts: a server that returns what it gets, and a client that says when it is lost. */

exports.echo = async () => {
  const { createServer } = await import('node:net')
  createServer((one) => one.on('error', () => {}).pipe(one)).listen(7000)
}

exports.talker = async ({ server }) => {
  const { connect } = await import('node:net')
  const socket = connect(7000, server, () => console.log('up'))
  setInterval(() => socket.write('.'), 100)
  let patience
  const heard = () => {
    clearTimeout(patience)
    patience = setTimeout(() => console.log('lost'), 500)
  }
  socket.on('error', () => {})
  socket.on('connect', heard).on('data', heard)
}
