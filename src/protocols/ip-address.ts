/** Whether a text is an IP address. As node:net has it, which protocols do without: they have no sockets. */
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`)

export const isIPv4 = (text: string) => IPV4.test(text)
export const isIPv6 = (text: string) =>
  /^[\da-f:.]+$/i.test(text) && text.includes(':') && URL.canParse(`http://[${text}]`)

/** As a person writes it: `192.0.2.1:5060`, `[2001:db8::1]:5060`. @param address an IP address, as text */
export const placeText = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
