// SPDX-License-Identifier: GPL-3.0-or-later
//
// The other side of the interoperability tests: a STOMP 1.2 client over TCP that shares no code with any library, and
// a TCP proxy that can cut its connections.
import { connect, createServer } from 'node:net';

const escapes = new Map([['\\', '\\\\'], ['\r', '\\r'], ['\n', '\\n'], [':', '\\c']]);
const unescapes = new Map([...escapes].map(([raw, escaped]) => [escaped, raw]));
const escape = (text) => text.replace(/[\\\r\n:]/g, (character) => escapes.get(character));
const unescape = (text) => text.replace(/\\./g, (sequence) => unescapes.get(sequence));

export class Peer {
    #socket;
    #input = Buffer.alloc(0);
    #frames = [];
    #waiting = [];
    #serial = 0;

    /** @param {string} address host:port */
    static async connect(address, login, passcode) {
        const peer = new Peer();
        const [host, port] = address.split(':');
        peer.#socket = connect(Number(port), host);
        peer.#socket.on('data', (data) => peer.#read(data));
        peer.#socket.on('error', () => {});
        peer.#write('CONNECT', { 'accept-version': '1.2', login, passcode });
        await peer.next('CONNECTED');
        return peer;
    }

    /** Sends a frame and waits for its receipt. */
    async send(command, headers, body = '') {
        const receipt = `p${++this.#serial}`;
        this.#write(command, { ...headers, receipt }, body);
        await this.next('RECEIPT', (frame) => frame.headers['receipt-id'] === receipt);
    }

    /** The next frame with this command; others stay. */
    next(command = 'MESSAGE', accepts = () => true) {
        return new Promise((resolve) => {
            this.#waiting.push({ wants: (frame) => frame.command === command && accepts(frame), resolve });
            this.#match();
        });
    }

    close() { this.#socket.destroy(); }

    #write(command, headers, body = '') {
        const bytes = Buffer.from(body);
        const all = bytes.length ? { ...headers, 'content-length': String(bytes.length) } : headers;
        const lines = Object.entries(all).map(([name, value]) => `${escape(name)}:${escape(value)}\n`);
        this.#socket.write(Buffer.concat([Buffer.from(`${command}\n${lines.join('')}\n`), bytes, Buffer.from([0])]));
    }

    #read(data) {
        this.#input = Buffer.concat([this.#input, data]);
        for (;;) {
            let start = 0;
            while (this.#input[start] === 10) ++start;
            const head = this.#input.indexOf('\n\n', start);
            if (head < 0) return;
            const [command, ...lines] = this.#input.toString('utf8', start, head).split('\n');
            const headers = {};
            for (const line of lines) {
                const colon = line.indexOf(':');
                headers[unescape(line.slice(0, colon))] ??= unescape(line.slice(colon + 1));
            }
            const length = Number(headers['content-length'] ?? 0);
            const end = head + 2 + length;
            if (this.#input.length <= end) return;
            if (this.#input[end] !== 0) throw new Error('a frame does not end where its content-length says');
            this.#frames.push({ command, headers, body: this.#input.subarray(head + 2, end) });
            this.#input = this.#input.subarray(end + 1);
            this.#match();
        }
    }

    #match() {
        for (const waiter of [...this.#waiting]) {
            const index = this.#frames.findIndex(waiter.wants);
            if (index < 0) continue;
            this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
            waiter.resolve(this.#frames.splice(index, 1)[0]);
        }
    }
}

/** Passes on what comes to it, until it cuts. */
export class Proxy {
    #server;
    #pairs = new Set();

    /** @param {string} target host:port */
    static async start(target) {
        const proxy = new Proxy();
        const [host, port] = target.split(':');
        proxy.#server = createServer((client) => {
            const server = connect(Number(port), host);
            const pair = [client, server];
            proxy.#pairs.add(pair);
            for (const [from, to] of [pair, [server, client]]) {
                from.pipe(to);
                from.on('error', () => {});
                from.on('close', () => {
                    to.destroy();
                    proxy.#pairs.delete(pair);
                });
            }
        });
        await new Promise((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
        proxy.address = `127.0.0.1:${proxy.#server.address().port}`;
        return proxy;
    }

    /** Ends all connections with a reset. */
    cut() {
        for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy();
    }

    stop() {
        this.cut();
        this.#server.close();
    }
}
