// SPDX-License-Identifier: MIT
/** The wire: a WebSocket that speaks STOMP. @module messaging-client-connection */
import { FINAL_CLOSE_CODES, MessagingError } from './messaging-client-errors.js';
import { FrameParser, formatFrame } from './messaging-client-frames.js';

const SUBPROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'];
/** How long (ms) a server may take to answer DISCONNECT, or to close after ERROR. */
const CLOSE_PATIENCE = 2000;

/** One WebSocket with one STOMP session, a subscription to the session's queue, and perhaps others. */
export class StompConnection {
    #options;
    #timers;
    #socket;
    #parser = new FrameParser();
    #receipts = new Map(); // receipt id -> (error | undefined) => boolean | void
    #nextReceipt = 1;
    #opening = null;
    #ended = null;
    #error = null; // what an ERROR frame said; the close follows
    #lastHeard = Date.now();
    #goodBye = () => { }; // nobody waits for an answer to DISCONNECT any more
    #resume = 0; // ms that the session outlives a break, as the server grants it
    #resumed = false;

    /**
     * @param {object} options url, WebSocket, login, passcode, heartbeat (ms), resume (ms, 0: not), timers; and the callbacks
     *     onFrame(direction, text), onMessage(frame), onError(error), and onClosed(error) once, unless open() rejects
     */
    constructor(options) {
        this.#options = options;
        this.#timers = options.timers;
    }

    /** Why it is over, or null. */
    get ended() { return this.#ended; }
    /** For how long (ms) the session outlives a break of this connection; 0: it does not. */
    get resume() { return this.#resume; }
    /** Whether the session is one that an earlier connection left. */
    get resumed() { return this.#resumed; }

    /** Resolves when the server has confirmed the subscription. */
    open() {
        return new Promise((resolve, reject) => {
            this.#opening = { resolve, reject };
            try {
                this.#socket = new this.#options.WebSocket(this.#options.url, SUBPROTOCOLS);
            } catch (cause) { // e.g. ws: out of an https page
                this.#end(new MessagingError('network', `The browser refuses to connect to ${this.#options.url}`, { cause }));
                return;
            }
            this.#socket.binaryType = 'arraybuffer';
            this.#socket.onopen = () => this.#connect();
            this.#socket.onmessage = ({ data }) => this.#receive(data);
            this.#socket.onclose = ({ code, reason }) => this.#end(this.#closeError(code, reason));
            this.#socket.onerror = () => { }; // a close follows and says more
        });
    }

    /**
     * Sends a frame with a receipt.
     * @param {string} command @param {Record<string, string | number>} headers @param {string | undefined} body
     * @param {(error?: MessagingError) => boolean | void} onOutcome is called once: when the server has processed the frame, or with why
     *     it refused it (false: that is not the last word). Never when the connection ends before: onClosed tells of that
     */
    transmit(command, headers, body, onOutcome) {
        const receipt = `r${this.#nextReceipt++}`;
        this.#receipts.set(receipt, onOutcome);
        this.#write(formatFrame(command, { ...headers, receipt }, body));
    }

    /**
     * Tells what became of the frame that @p receipt belongs to.
     * @returns {boolean} whether that is the last word
     */
    settle(receipt, error) {
        const onOutcome = this.#receipts.get(receipt);
        this.#receipts.delete(receipt);
        return onOutcome?.(error) !== false;
    }

    /** Another subscription, e.g. to a topic. @param {(error?: MessagingError) => void} onOutcome as in transmit() */
    subscribe(id, destination, onOutcome) {
        this.transmit('SUBSCRIBE', { id, destination, ack: 'auto' }, undefined, onOutcome);
    }

    unsubscribe(id) {
        if (!this.#ended) this.#write(formatFrame('UNSUBSCRIBE', { id }));
    }

    /** Says good-bye as STOMP wants it, then closes. Never rejects. */
    async disconnect() {
        if (this.#ended || this.#opening) return this.#end(new MessagingError('closed', 'Disconnected'));
        let timer;
        const patience = new Promise((resolve) => { timer = this.#timers.after(CLOSE_PATIENCE, resolve); });
        const answered = new Promise((resolve) => {
            this.#goodBye = resolve;
            this.transmit('DISCONNECT', {}, undefined, resolve);
        });
        await Promise.race([answered, patience]);
        this.#timers.cancel(timer);
        this.#end(new MessagingError('closed', 'Disconnected'));
    }

    /** Gives up on the connection without waiting for the peer. */
    drop(error) {
        this.#end(error);
    }

    #connect() {
        const { login, passcode, heartbeat, resume, url } = this.#options;
        this.#write(formatFrame('CONNECT', { 'accept-version': '1.2', host: new URL(url).hostname, login, passcode,
            'heart-beat': `${heartbeat},${heartbeat}`, ...(resume > 0 && { resume }) }));
    }

    #write(text) {
        this.#options.onFrame('out', text);
        this.#socket.send(text);
    }

    #receive(data) {
        this.#lastHeard = Date.now();
        this.#options.onFrame('in', typeof data === 'string' ? data : new TextDecoder().decode(data));
        try {
            for (const frame of this.#parser.push(data)) {
                this.#handle(frame);
                if (this.#ended) return;
            }
        } catch (error) {
            this.#options.onError(error);
            this.#end(error);
        }
    }

    #handle(frame) {
        const { command, headers } = frame;
        if (command === 'CONNECTED') this.#begin(headers);
        else if (command === 'MESSAGE') {
            this.#options.onMessage(frame);
            const ack = headers.get('ack');
            if (ack !== undefined && !this.#ended) this.#write(formatFrame('ACK', { id: ack }));
        } else if (command === 'RECEIPT') this.settle(headers.get('receipt-id'));
        else if (command === 'ERROR') {
            this.#error = new MessagingError('stomp-error', headers.get('message') ?? 'The server reports an error');
            this.settle(headers.get('receipt-id'), this.#error);
            this.#options.onError(this.#error);
            this.#timers.after(CLOSE_PATIENCE, () => this.#end(this.#error));
        } else throw new MessagingError('protocol', `A server does not send ${command}`);
    }

    #begin(headers) {
        if (!this.#opening) throw new MessagingError('protocol', 'A second CONNECTED');
        if (headers.get('version') !== '1.2') throw new MessagingError('protocol', 'The server does not speak STOMP 1.2');
        this.#startHeartbeats(headers.get('heart-beat') ?? '0,0');
        this.#resume = Number.parseInt(headers.get('resume') ?? '0', 10) || 0;
        this.#resumed = headers.get('resumed') === 'true';
        // What was not acknowledged comes again after a break.
        const ack = this.#resume > 0 ? 'client-individual' : 'auto';
        this.transmit('SUBSCRIBE', { id: 'sub-0', destination: `/queue/${this.#options.passcode}`, ack,
            'auto-delete': 'true', exclusive: 'true', durable: 'false' }, undefined, (error) => {
            if (error) return; // the connection ends, which rejects open()
            this.#opening?.resolve();
            this.#opening = null;
        });
    }

    #startHeartbeats(header) {
        const mine = this.#options.heartbeat;
        const [sends, wants] = header.split(',').map((part) => Number.parseInt(part, 10) || 0);
        if (mine && wants) this.#beat(Math.max(mine, wants) * 0.75);
        if (mine && sends) this.#watch(Math.max(mine, sends));
    }

    #beat(interval) {
        this.#timers.after(interval, () => {
            if (this.#ended) return;
            this.#write('\n');
            this.#beat(interval);
        });
    }

    /** Two silent intervals are a dead server; but a computer that slept heard nothing either, and looks again. */
    #watch(interval) {
        const due = Date.now() + interval / 2;
        this.#timers.after(interval / 2, () => {
            if (this.#ended) return;
            if (Date.now() - due > interval) this.#lastHeard = Math.max(this.#lastHeard, Date.now() - interval);
            if (Date.now() - this.#lastHeard > 2 * interval) {
                this.#end(new MessagingError('connection-lost', 'Nothing was heard from the server for two heart-beats'));
                return;
            }
            this.#watch(interval);
        });
    }

    #closeError(closeCode, reason) {
        const [code, sentence] = FINAL_CLOSE_CODES.get(closeCode) ?? ['connection-lost', 'The connection was lost'];
        if (this.#error && code === 'connection-lost')
            return Object.assign(this.#error, { closeCode });
        return new MessagingError(code, reason ? `${sentence} (${closeCode}: ${reason})` : `${sentence} (${closeCode})`, { closeCode });
    }

    #end(error) {
        if (this.#ended) return;
        this.#ended = error;
        if (this.#socket) {
            this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
            this.#socket.close(1000);
        }
        this.#receipts.clear();
        this.#goodBye();
        if (this.#opening) this.#opening.reject(error);
        else this.#options.onClosed(error);
        this.#opening = null;
    }
}
