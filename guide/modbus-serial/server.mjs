import modbus from 'modbus-serial'

const vector = { getHoldingRegister: (address) => address }
const server = new modbus.ServerTCP(vector, { host: '0.0.0.0', port: 7000, unitID: 1 })

server.on('socketError', () => {})
