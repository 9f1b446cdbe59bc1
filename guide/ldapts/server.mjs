import ldap from 'ldapjs'

const server = ldap.createServer()

server.bind('cn=guide', (_, response, next) => {
  response.end()
  next()
})
server.search('o=guide', (request, response, next) => {
  response.send({ dn: request.dn.toString(), attributes: { objectclass: ['organization'], o: 'guide' } })
  response.end()
  next()
})
server.listen(7000, '0.0.0.0')
