// SPDX-License-Identifier: GPL-3.0-or-later
//
// Drives one STOMP library for JavaScript as its users do, in Node.js and in a page alike. What goes in and out of a
// Driver's methods is JSON, so that a page, or a program in another language, can be asked the same.

/** A WebSocket that counts the heart-beats on it and remembers how it ended. */
export function tapped(WebSocket) {
    return class Tap extends WebSocket {
        /** The one that was made last, for libraries that make their own. */
        static last;

        constructor(url, protocols) {
            super(url, protocols);
            Tap.last = this;
            this.beats = { sent: 0, received: 0 };
            this.ended = new Promise((resolve) => this.addEventListener('close', ({ code }) => resolve(code)));
            this.addEventListener('message', ({ data }) => { if (data === '\n') ++this.beats.received; });
        }

        /** A library that throws on a message is shown the next one all the same. */
        set onmessage(listener) {
            super.onmessage = (event) => {
                try {
                    listener(event);
                } catch (error) {
                    this.thrown = error;
                }
            };
        }

        send(data) {
            if (data === '\n' || (data.length === 1 && data[0] === 10)) ++this.beats.sent;
            super.send(data);
        }
    };
}

const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

class Driver {
    messages = [];
    taken = 0;
    waiting = [];
    receipts = new Map();
    serial = 0;

    /** Of the library, which calls it with each MESSAGE. */
    onMessage = (message) => {
        this.messages.push(message);
        this.waiting.shift()?.();
    };

    onReceipt = (frame) => this.receipts.get(frame.headers['receipt-id'])?.();

    /** Headers that ask for a receipt, and its coming. */
    asking(headers) {
        const receipt = `r${++this.serial}`;
        return [{ ...headers, receipt }, new Promise((resolve) => this.receipts.set(receipt, resolve))];
    }

    async closed() { return { code: await this.socket.ended }; }
    beats() { return this.socket.beats; }

    async subscribe({ destination, ...more }) {
        const [headers, done] = this.asking(more);
        this.client.subscribe(destination, this.onMessage, headers);
        await done;
    }

    async send({ destination, body, bytes, transaction, headers: own = {} }) {
        if (bytes && !this.sendsBytes) return { unsupported: true };
        const headers = { ...own, ...(transaction && { transaction }) };
        if (transaction) { // its receipt comes with the COMMIT
            this.publish(destination, headers, body);
            return {};
        }
        const [asking, done] = this.asking(headers);
        this.publish(destination, asking, body, bytes && fromBase64(bytes));
        await done;
        return {};
    }

    /** The next MESSAGE, and its number for ack() and nack(). */
    async next() {
        while (this.messages.length === this.taken) await new Promise((resolve) => this.waiting.push(resolve));
        const message = this.messages[this.taken++];
        return {
            index: this.taken - 1, headers: { ...message.headers }, body: message.body,
            bytes: message.binaryBody ? toBase64(message.binaryBody) : null,
        };
    }

    ack({ index, transaction }) { this.messages[index].ack(transaction ? { transaction } : {}); }
    nack({ index }) { this.messages[index].nack(); }
    begin() {
        const transaction = this.client.begin();
        (this.transactions ??= {})[transaction.id] = transaction;
        return transaction.id;
    }
    commit(id) { this.transactions[id].commit(); }
    abort(id) { this.transactions[id].abort(); }
}

/** The libraries whose client is made over a WebSocket, and connects once. */
class ClassicDriver extends Driver {
    constructor({ library, WebSocket, options = {} }) {
        super();
        Object.assign(this, { library, WebSocket, options });
    }

    open({ url, login, passcode, beat }) {
        this.client = this.library.client(url, this.options.client);
        this.client.debug = () => {};
        this.client.heartbeat = { outgoing: beat, incoming: beat };
        this.client.onreceipt = this.onReceipt;
        return new Promise((resolve) => {
            let error;
            this.client.connect({ login, passcode }, ({ headers }) => resolve({ version: headers.version }), (reason) => {
                error ??= reason.headers?.message;
                if (!reason.headers) resolve({ error }); // the end of the connection
            });
            this.socket = this.WebSocket.last;
        });
    }

    publish(destination, headers, body) {
        if (this.options.bodyFirst) this.client.send(destination, body, headers);
        else this.client.send(destination, headers, body);
    }

    async close() {
        this.client.disconnect(() => {}, {});
        return this.closed();
    }
}

/** `@stomp/stompjs` from 5 on. */
class ModernDriver extends Driver {
    sendsBytes = true;

    constructor({ library, WebSocket, options = {} }) {
        super();
        Object.assign(this, { library, WebSocket, options });
    }

    open({ url, login, passcode, beat }) {
        const { Client, Versions } = this.library;
        const { versions, ...more } = this.options;
        return new Promise((resolve) => {
            let error;
            this.client = new Client({
                connectHeaders: { login, passcode }, heartbeatOutgoing: beat, heartbeatIncoming: beat, reconnectDelay: 0,
                ...(versions && { stompVersions: new Versions(versions) }), ...more,
                webSocketFactory: () => this.socket = new this.WebSocket(url, this.client.stompVersions.protocolVersions()),
                onConnect: ({ headers }) => resolve({ version: headers.version }),
                onStompError: ({ headers }) => { error = headers.message; },
                onWebSocketClose: () => resolve({ error }),
                onUnhandledReceipt: this.onReceipt,
            });
            this.client.activate();
        });
    }

    publish(destination, headers, body, binaryBody) {
        this.client.publish({ destination, headers, ...(binaryBody ? { binaryBody } : { body }) });
    }

    async close() {
        this.client.deactivate();
        return this.closed();
    }
}

/** @param {{ kind: 'classic' | 'modern' }} what @param {object} library its module or global */
export function makeDriver({ kind, options }, library, WebSocket) {
    return kind === 'modern' ? new ModernDriver({ library, WebSocket, options }) : new ClassicDriver({ library, WebSocket, options });
}
