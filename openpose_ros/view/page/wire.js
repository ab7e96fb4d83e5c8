// The WebSocket: the token first, then facts as JSON and frames as bytes.

const WRONG_TOKEN = 4401;
const NO_MORE = { 4429: 'too many wrong tokens; wait a minute', 4503: 'there are as many viewers as are allowed' };

function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const facts = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const picture = 4 + length;
  return {
    facts,
    jpeg: facts.jpeg ? new Blob([new Uint8Array(buffer, picture, facts.jpeg)], { type: 'image/jpeg' }) : null,
    data: buffer.slice(picture + facts.jpeg),
  };
}

export class Wire {
  constructor(handlers) {
    this.handlers = handlers;
    this.token = '';
    this.socket = null;
    this.wait = 500;
    this.opened = false;
  }

  open(token) {
    this.token = token;
    const socket = new WebSocket(`ws://${location.host}/ws`);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.addEventListener('open', () => this.send('token', token));
    socket.addEventListener('message', (event) => this.take(event.data));
    socket.addEventListener('close', (event) => this.closed(event));
  }

  take(data) {
    if (data instanceof ArrayBuffer) {
      this.handlers.frame(unpack(data));
      return;
    }
    const facts = JSON.parse(data);
    if (facts.kind === 'about') {
      this.opened = true;
      this.wait = 500;
      this.handlers.connected();
    }
    this.handlers[facts.kind]?.(facts);
  }

  closed(event) {
    this.opened = false;
    if (event.code === WRONG_TOKEN) {
      this.handlers.refusedToken();
      return;
    }
    this.handlers.lost(NO_MORE[event.code] ?? event.reason);
    setTimeout(() => this.open(this.token), this.wait);
    this.wait = Math.min(2 * this.wait, 10000);
  }

  send(name, value) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ [name]: value }));
  }
}
