import snmp from 'net-snmp'

const agent = snmp.createAgent({ port: 7000, disableAuthorization: true }, () => {})
const mib = agent.getMib()

mib.registerProvider({
  name: 'sysUpTime',
  type: snmp.MibProviderType.Scalar,
  oid: '1.3.6.1.2.1.1.3',
  scalarType: snmp.ObjectType.TimeTicks,
  maxAccess: snmp.MaxAccess['read-only'],
})
mib.setScalarValue('sysUpTime', 1)
