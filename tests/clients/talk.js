// One visit with a real Socket.IO client: node talk.js <origin> <generation> <transport>. Says hello, and ends with the
// answer on standard output.
const [origin, generation, transport] = process.argv.slice(2);
const io = require(generation === "2" ? "socket.io-client-2" : "socket.io-client");
const transports = transport === "upgrade" ? ["polling", "websocket"] : [transport];
const socket = (io.io || io)(origin, { transports, reconnection: false });
const engine = () => socket.io.engine;
const fail = (why) => {
  console.error(String(why));
  process.exit(1);
};
let upgraded = transport !== "upgrade";
let session = null;
const speak = () => {
  if (upgraded && session) socket.emit("user_uttered", { message: "hello", session_id: session });
};
socket.on("connect_error", fail);
socket.on("disconnect", fail);
socket.on("connect", () => {
  // the upgrade may be faster than the joining of the namespace
  if (engine().transport.name === "websocket") upgraded = true;
  if (!upgraded) {
    engine().once("upgrade", () => {
      upgraded = true;
      speak();
    });
  }
  socket.emit("session_request", {});
});
socket.on("session_confirm", (id) => {
  session = id;
  speak();
});
socket.on("bot_uttered", (said) => {
  console.log(JSON.stringify({ said, transport: engine().transport.name }));
  process.exit(0);
});
setTimeout(() => fail("nothing was answered in time"), 20000);
