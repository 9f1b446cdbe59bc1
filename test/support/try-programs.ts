/** Small programs for `try`, as the shell commands that a person would type. Node is all they need. */

/** Quoted for sh. */
const node = (script: string) =>
  `exec '${process.execPath}' -e '${script.replaceAll("'", "'\\''").replaceAll('\n', ' ')}'`

/** Says everything back. */
export const ECHO = node(
  `require("net").createServer((one) => one.on("error", () => {}).pipe(one)).listen(7000)`,
)

/** The same with datagrams. */
export const DATAGRAM_ECHO = node(`
  const socket = require("dgram").createSocket("udp4").bind(7000);
  socket.on("message", (message, from) => socket.send(message, from.port, from.address));
`)

/** Asks three times a second, and reads what comes. */
export const DATAGRAM_TALKER = node(`
  const socket = require("dgram").createSocket("udp4");
  setInterval(() => socket.send("still here", 7000, process.env.STILLHERE_SERVER), 300);
`)

/** Speaks five times a second; says when it is over, and begins anew. */
export const TALKER = node(`
  const connect = () => {
    const one = require("net").connect(7000, process.env.STILLHERE_SERVER);
    const timer = setInterval(() => one.write("still here"), 200);
    one.on("error", () => {});
    one.on("close", () => { clearInterval(timer); console.log("lost it"); setTimeout(connect, 300); });
  };
  connect();
`)

/** Connects to the server, tries each address, says what came of it, and stays. */
export const knockAt = (addresses: readonly { host: string; port: number }[], abstract: string) =>
  node(`
  const knock = (at, name) => require("net").connect(at)
    .on("connect", () => console.log("reached " + name))
    .on("error", (error) => console.log("not reached " + name + " " + error.code));
  for (const at of ${JSON.stringify(addresses)}) knock(at, at.host);
  knock({ path: "\\0${abstract}" }, "abstract");
  require("net").connect(7000, process.env.STILLHERE_SERVER).on("error", () => {});
  setInterval(() => {}, 1000);
`)

/** Asks the proxy that its environment names for a connection to a port of the machine, and stays. */
export const askProxyFor = (port: number) =>
  node(`
  const { hostname, port } = new URL(process.env.https_proxy);
  require("http").request({ host: hostname, port, method: "CONNECT", path: "127.0.0.1:${port}" })
    .on("connect", ({ statusCode }) => console.log("the proxy says " + statusCode)).end();
  setInterval(() => {}, 1000);
`)

/** Opens the TUN device that is there, or says why it cannot (TUNSETIFF with IFF_TUN and IFF_NO_PI). */
export const OPEN_TUN =
  `perl -e 'open(my $tun, "+<", "/dev/net/tun") or die "tun: $!"; my $ask = pack("a16 s x22", "tun0", 0x1001); ` +
  `ioctl($tun, 0x400454ca, $ask) or die "tun: $!"; print "tun: opened ", substr(\`ip -o addr show tun0\`, 0, 70), "\\n"'`

/** What a program could do to the machine, found out without doing it; and what it may not. */
export const MIGHT = [
  ...['kernel/core_pattern', 'kernel/sysrq', 'vm/drop_caches', 'fs/file-max', 'net/ipv4/tcp_retries2'].map(
    (setting) => `test -w /proc/sys/${setting} && echo might write ${setting}`,
  ),
  `echo mounted: $(grep -o ' /proc/sys r[ow]' /proc/self/mountinfo)`,
  `grep -E '^(Uid|Gid|CapPrm|CapEff|NoNewPrivs):' /proc/self/status | tr '\\t' ' '`,
  `echo within: $(cat /proc/self/uid_map)`,
  `echo home: $HOME`,
].join('; ')

/** Speaks twice a second, and aborts after two seconds without an answer: long before its kernel would. */
export const IMPATIENT = node(`
  require("net").createServer((one) => {
    const abort = () => one.resetAndDestroy();
    let patience = setTimeout(abort, 2000);
    const timer = setInterval(() => one.write("still here"), 500);
    one.on("data", () => { clearTimeout(patience); patience = setTimeout(abort, 2000); });
    one.on("error", () => {}).on("close", () => { clearInterval(timer); clearTimeout(patience); });
  }).listen(7000);
`)

/** Says everything back, and never connects again. */
export const RETURNS_ALL = node(`
  const one = require("net").connect(7000, process.env.STILLHERE_SERVER);
  one.on("error", () => {}).pipe(one);
  setInterval(() => {}, 1000);
`)

/** A new connection three times a second, each for one word and its answer; says when there is none. */
export const LOOKS_IN = node(`
  setInterval(() => {
    const one = require("net").connect(7000, process.env.STILLHERE_SERVER, () => one.write("x"));
    const patience = setTimeout(() => { console.log("broken"); one.destroy(); }, 500);
    one.on("error", () => {}).on("data", () => one.destroy()).on("close", () => clearTimeout(patience));
  }, 300);
`)

/** Speaks without a pause that anybody could see. */
export const CHATTERER = node(`
  const one = require("net").connect(7000, process.env.STILLHERE_SERVER);
  setInterval(() => one.write("x"), 5);
  one.on("error", () => process.exit(1)).resume();
`)

/** One word, its answer, silence for so long, and another word; says how it is lost. */
export const speaksAgainAfter = (ms: number) =>
  node(`
  const one = require("net").connect(7000, process.env.STILLHERE_SERVER, () => one.write("hello"));
  setTimeout(() => one.write("still here"), ${ms});
  one.on("error", ({ code }) => console.log("lost it: " + code)).resume();
  setInterval(() => {}, 1000);
`)

/** Opens a port that nobody asked for, and a moment later the one that counts. */
export const TWO_PORTS = node(`
  const listen = (port) => require("net").createServer((one) => one.on("error", () => {})).listen(port);
  listen(6999);
  setTimeout(listen, 300, 7000);
`)

/** Connects once, and ends where that fails. */
export const CONNECTS_ONCE = node(`
  const one = require("net").connect(7000, process.env.STILLHERE_SERVER);
  one.on("error", (error) => { console.error(error.message); process.exit(1); }).pipe(one);
`)

/**
 * Opens a port that nobody asked for at once, and one for TLS after longer than a port is waited for, and says so. Sends
 * everything back.
 */
export const SLOW_TLS_SERVER = node(`
  const { createServer } = require("tls"), { readFileSync } = require("fs");
  const keys = { cert: readFileSync("{cert}"), key: readFileSync("{key}") };
  require("net").createServer(() => {}).listen(6999);
  setTimeout(() => {
    createServer(keys, (one) => one.on("error", () => {}).pipe(one)).on("tlsClientError", () => {})
      .listen(7000, "{server}", () => console.log("open for all"));
  }, 1000);
`)

/** Connects once, to a name and only to whom it trusts; is silent for a second, and then sends without end, and says so. */
export const TLS_UPLOADER = node(`
  const ca = require("fs").readFileSync("{ca}");
  const one = require("tls").connect({ host: "server.test", port: 7000, ca });
  one.on("error", (error) => { console.log(error.message); }).resume();
  setTimeout(() => { console.log("sending file 5"); setInterval(() => one.write("x".repeat(1000)), 20); }, 1000);
  setInterval(() => {}, 1000);
`)

/** Says who answers it at the server's port, or why nobody does; waits no longer than a second. */
export const KNOCKS_ONCE = node(`
  const one = require("net").connect(7000, "server.test", () => { console.log("from " + one.localAddress); one.end(); });
  one.on("error", ({ code }) => console.log(code)).setTimeout(1000, () => { console.log("no answer"); one.destroy(); });
`)

/** Speaks five times a second; goes to the other of two servers when it has heard nothing for a second, or is told. */
export const GOES_ELSEWHERE = node(`
  const servers = [process.env.STILLHERE_SERVER, "server2.test"];
  const connect = (turn) => {
    const one = require("net").connect(7000, servers[turn % 2]);
    const timer = setInterval(() => one.write("still here"), 200);
    let patience = setTimeout(() => one.destroy(), 1000);
    one.on("data", () => { clearTimeout(patience); patience = setTimeout(() => one.destroy(), 1000); });
    one.on("error", () => {});
    one.on("close", () => { clearInterval(timer); clearTimeout(patience); setTimeout(connect, 100, turn + 1); });
  };
  connect(0);
`)

/** Says what becomes of a name that nobody has. */
export const LOOKS_UP_NOBODY = node(`
  require("dns").lookup("no.such.name", ({ code }) => console.log(code));
`)
