import ssh2 from 'ssh2'

const { private: key } = ssh2.utils.generateKeyPairSync('ed25519')

new ssh2.Server({ hostKeys: [key] }, (client) => {
  client.on('error', () => {})
  client.on('authentication', (context) => context.accept())
  client.on('session', (accept) => {
    accept()
      .on('pty', (acceptPty) => acceptPty())
      .on('shell', (acceptShell) => acceptShell().write('hello\n'))
  })
}).listen(2222)
