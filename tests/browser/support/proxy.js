// SPDX-License-Identifier: GPL-3.0-or-later
import { connect, createServer } from 'node:net';

/**
 * A TCP proxy in front of one port, that stalls, or cuts all connections and refuses new ones, for a while. It looks into WebSocket
 * frames from clients, so that a test can say before which message this happens.
 */
export class Proxy {
    #server;
    #target;
    #links = new Set();
    #trap = null;
    #stalled = false;
    #timer;

    /** @param {string} target host:port */
    static async to(target) {
        const proxy = new Proxy();
        const [host, port] = target.split(':');
        proxy.#target = { host, port: Number(port) };
        await proxy.#listen(0);
        proxy.port = proxy.#server.address().port;
        proxy.url = `http://127.0.0.1:${proxy.port}`;
        return proxy;
    }

    /**
     * @param {(text: string) => boolean} isIt what a client's WebSocket message has to be
     * @param {'before' | 'answered'} when the action comes: before it is passed on; or when the server has said something after it, which is
     *     not passed on before the action
     * @returns {Promise<void>} after the action
     */
    once(isIt, when, action) {
        return new Promise((resolve) => {
            this.#trap = { isIt, when, action: () => {
                this.#trap = null;
                action();
                resolve();
            } };
        });
    }

    /** Nothing goes through for @p time ms, either way; nothing is lost. */
    stall(time) {
        this.#stalled = true;
        for (const link of this.#links) link.pause();
        this.#timer = setTimeout(() => {
            this.#stalled = false;
            for (const link of this.#links) link.resume();
        }, time);
    }

    /** All connections are reset, and new ones refused: for @p time ms, or until restore(). */
    cut(time) {
        this.#server.close();
        for (const link of [...this.#links]) link.reset();
        if (time !== undefined) this.#timer = setTimeout(() => this.restore(), time);
    }

    restore() {
        return this.#listen(this.port);
    }

    async stop() {
        clearTimeout(this.#timer);
        for (const link of [...this.#links]) link.reset();
        if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
    }

    #listen(port) {
        this.#server = createServer((client) => {
            const link = new Link(client, connect(this.#target), this.#inspect);
            this.#links.add(link);
            link.onEnd = () => this.#links.delete(link);
            if (this.#stalled) link.pause();
        });
        return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    }

    /** @returns {(() => void) | null} what the server's next word sets off */
    #inspect = (text) => {
        const trap = this.#trap;
        if (!trap?.isIt(text)) return null;
        if (trap.when === 'before') trap.action();
        return trap.when === 'before' ? null : trap.action;
    };
}

/** One connection through the proxy. */
class Link {
    onEnd = () => { };
    #client;
    #server;
    #inspect;
    #fromClient = Buffer.alloc(0); // of a WebSocket: not passed on yet
    #isWebSocket = undefined; // not known yet
    #isPaused = false;
    #held = []; // [socket, data]
    #whenAnswered = null;

    constructor(client, server, inspect) {
        this.#client = client;
        this.#server = server;
        this.#inspect = inspect;
        client.setNoDelay();
        server.setNoDelay();
        client.on('data', (data) => this.#take(data));
        server.on('data', (data) => {
            this.#whenAnswered?.();
            this.#whenAnswered = null;
            this.#pass(client, data);
        });
        for (const [socket, other] of [[client, server], [server, client]]) {
            socket.on('error', () => { });
            socket.on('end', () => other.end());
            socket.on('close', () => {
                other.destroy();
                this.onEnd();
            });
        }
    }

    pause() {
        this.#isPaused = true;
        this.#client.pause();
        this.#server.pause();
    }

    resume() {
        this.#isPaused = false;
        for (const [socket, data] of this.#held.splice(0)) socket.write(data);
        this.#client.resume();
        this.#server.resume();
    }

    reset() {
        this.#client.resetAndDestroy();
        this.#server.resetAndDestroy();
    }

    #pass(socket, data) {
        if (this.#isPaused) this.#held.push([socket, data]);
        else if (!socket.destroyed) socket.write(data);
    }

    #take(data) {
        if (this.#isWebSocket === undefined) {
            const head = data.toString('latin1'); // a browser's head comes in one piece
            this.#isWebSocket = /^GET [^]*\r\nupgrade: *websocket\r\n/i.test(head);
            const end = this.#isWebSocket ? head.indexOf('\r\n\r\n') + 4 : data.length;
            this.#pass(this.#server, data.subarray(0, end));
            data = data.subarray(end);
        }
        if (!this.#isWebSocket) return data.length && this.#pass(this.#server, data);
        this.#fromClient = Buffer.concat([this.#fromClient, data]);
        for (let frame = this.#nextFrame(); frame; frame = this.#nextFrame()) {
            this.#whenAnswered ??= this.#inspect(frame.text);
            this.#pass(this.#server, frame.bytes);
        }
    }

    /** RFC 6455, 5.2; clients' frames are masked. */
    #nextFrame() {
        const data = this.#fromClient;
        if (data.length < 2) return null;
        const short = data[1] & 0x7f;
        const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
        const start = 2 + lengthBytes + 4;
        if (data.length < start) return null;
        const length = lengthBytes === 2 ? data.readUInt16BE(2) : lengthBytes === 8 ? Number(data.readBigUInt64BE(2)) : short;
        if (data.length < start + length) return null;
        const bytes = data.subarray(0, start + length);
        this.#fromClient = data.subarray(start + length);
        const payload = Buffer.from(bytes.subarray(start));
        for (let at = 0; at < payload.length; ++at) payload[at] ^= bytes[start - 4 + (at & 3)];
        return { bytes, text: (bytes[0] & 0x0f) === 1 ? payload.toString() : '' };
    }
}
