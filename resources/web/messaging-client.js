// SPDX-License-Identifier: MIT
/**
 * A client for messaging-server: one ES module without dependencies, for browsers and for Node.js (which
 * passes a WebSocket in). It opens a session by HTTP, listens on it by STOMP over WebSocket, and comes back
 * by itself when the connection breaks: to the same session, with what came meanwhile, if the server grants that.
 *
 *     import { MessagingClient } from 'https://host/messaging-client.js';
 *     const client = new MessagingClient({ userId: 'alice' });
 *     client.addEventListener('message', ({ detail }) => console.log(detail.from, detail.content));
 *     await client.connect();
 *     await client.exchange('bob', { hello: 'world' });
 *
 * @module messaging-client
 */

/** @typedef {import('./messaging-client.d.ts').ClientState} ClientState */
/** @typedef {import('./messaging-client.d.ts').ClientOptions} ClientOptions */
/** @typedef {import('./messaging-client.d.ts').StompFrame} StompFrame */

const SUBPROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'];

/** Close codes (docs/stomp.md) after which coming back by itself would do harm, or would fail the same way again. */
const FINAL_CLOSE_CODES = new Map([
    [1002, ['protocol', 'The server says that this client broke the protocol']],
    [1003, ['protocol', 'The server says that this client broke the protocol']],
    [1007, ['protocol', 'The server says that this client broke the protocol']],
    [1008, ['refused', 'The server does not allow what this client did']],
    [1009, ['too-large', 'The server says that this client sent too much at once']],
    [4001, ['replaced', 'Another connection took over this session']],
]);

/** A connection that lasted this long (ms) was a good one: the next loss starts with a short delay again. */
const GOOD_CONNECTION = 5000;
/** The close code after which the login will not do any better: the session is over. */
const CREDENTIALS_REFUSED = 4006;
/** Messages whose ids are remembered, so that one that comes again after a break is not dispatched twice. */
const REMEMBERED = 1000;
/** How long (ms) a server may take to answer DISCONNECT, or to close after ERROR. */
const CLOSE_PATIENCE = 2000;
const PARSER_LIMIT = 16 * 1024 * 1024;

const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Everything that this module throws, rejects with, or reports by an `error` event. */
export class MessagingError extends Error {
    /**
     * @param {string} code what programs look at, e.g. `recipient-unknown` (see MessagingErrorCode)
     * @param {string} message one sentence for a person
     * @param {{ status?: number, type?: string, retryAfter?: number, closeCode?: number, cause?: unknown }} [more]
     */
    constructor(code, message, { status, type, retryAfter, closeCode, cause } = {}) {
        super(message, cause === undefined ? undefined : { cause });
        this.name = 'MessagingError';
        this.code = code;
        /** The HTTP status, or that of an undeliverable message's problem. */
        this.status = status;
        /** The problem's URN. */
        this.type = type;
        /** Seconds to wait before the next try. */
        this.retryAfter = retryAfter;
        /** The WebSocket's close code. */
        this.closeCode = closeCode;
    }

    /**
     * From an `application/problem+json` body (RFC 9457); its code is the last part of the URN.
     * @param {any} problem @param {number} status @param {string | null} [retryAfter] the HTTP header
     */
    static fromProblem(problem, status, retryAfter) {
        const known = problem && typeof problem === 'object' ? problem : {};
        const type = typeof known.type === 'string' ? known.type : undefined;
        const seconds = Number.parseInt(retryAfter ?? '', 10);
        return new MessagingError(type?.startsWith('urn:') ? type.slice(type.lastIndexOf(':') + 1) : `http-${status}`,
            String(known.detail ?? known.title ?? `The server answered ${status}`),
            { status, type, retryAfter: Number.isNaN(seconds) ? undefined : seconds });
    }
}

/** What MessagingClient dispatches: an Event with a `detail`. */
class ClientEvent extends Event {
    constructor(type, detail) {
        super(type);
        this.detail = detail;
    }
}

const ESCAPES = { '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' };
/** For the sake of STOMP 1.0 these are never escaped. */
const UNESCAPED_COMMANDS = new Set(['CONNECT', 'CONNECTED']);
const UNESCAPES = { '\\\\': '\\', '\\r': '\r', '\\n': '\n', '\\c': ':' };

/** @param {string} text a header's name or value (STOMP 1.2, "Value Encoding") */
const escapeHeader = (text) => text.replace(/[\\\r\n:]/g, (character) => ESCAPES[character]);

const unescapeHeader = (text) => text.replace(/\\(.?)/gs, (sequence) => {
    if (!(sequence in UNESCAPES)) throw new MessagingError('protocol', `STOMP knows no escape ${JSON.stringify(sequence)}`);
    return UNESCAPES[sequence];
});

/**
 * One STOMP 1.2 frame as text.
 * @param {string} command
 * @param {Record<string, string | number>} [headers]
 * @param {string} [body] with a body goes its content-length
 */
export function formatFrame(command, headers = {}, body = '') {
    const encode = UNESCAPED_COMMANDS.has(command) ? String : (text) => escapeHeader(String(text));
    const lines = [command, ...Object.entries(headers).map(([name, value]) => `${encode(name)}:${encode(value)}`)];
    if (body) lines.push(`content-length:${encoder.encode(body).length}`);
    return `${lines.join('\n')}\n\n${body}\0`;
}

/** Bytes in, frames out: a STOMP 1.2 parser that takes a stream cut anywhere. */
export class FrameParser {
    #limit;
    #bytes = new Uint8Array(0);
    #scanned = 0; // bytes of #bytes in which the end of the head, or of the body, is not
    #head = null; // the frame whose body is still to come

    /** @param {number} [limit] bytes that one frame may take */
    constructor(limit = PARSER_LIMIT) {
        this.#limit = limit;
    }

    /**
     * @param {string | ArrayBuffer | Uint8Array} data
     * @returns {StompFrame[]} the frames that are complete now; heart-beats are none
     * @throws {MessagingError} code `protocol`; the parser is of no use afterwards
     */
    push(data) {
        const bytes = typeof data === 'string' ? encoder.encode(data) : new Uint8Array(data);
        const joined = new Uint8Array(this.#bytes.length + bytes.length);
        joined.set(this.#bytes);
        joined.set(bytes, this.#bytes.length);
        this.#bytes = joined;
        const frames = [];
        for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
        if (this.#bytes.length > this.#limit) throw new MessagingError('protocol', 'A STOMP frame is too large');
        return frames;
    }

    #next() {
        this.#head ??= this.#readHead();
        if (!this.#head) return null;
        const { command, headers, length } = this.#head;
        const end = length ?? this.#bytes.indexOf(0, this.#scanned);
        if (end < 0 || end >= this.#bytes.length) {
            this.#scanned = this.#bytes.length;
            return null;
        }
        if (this.#bytes[end] !== 0) throw new MessagingError('protocol', 'A STOMP frame is longer than its content-length');
        const body = decode(this.#bytes.subarray(0, end));
        this.#consume(end + 1);
        this.#head = null;
        return { command, headers, body };
    }

    #readHead() {
        let start = 0;
        while (start < this.#bytes.length && [0, NEWLINE, 13].includes(this.#bytes[start])) ++start;
        if (start > 0) this.#consume(start);
        for (let at = this.#bytes.indexOf(NEWLINE, this.#scanned); at >= 0; at = this.#bytes.indexOf(NEWLINE, at + 1)) {
            const next = this.#bytes[at + 1] === 13 ? at + 2 : at + 1;
            if (this.#bytes[next] === NEWLINE) {
                const head = parseHead(decode(this.#bytes.subarray(0, at)));
                this.#consume(next + 1);
                return head;
            }
        }
        this.#scanned = Math.max(0, this.#bytes.length - 2); // "\n\r" may be the beginning of the end
        return null;
    }

    #consume(count) {
        this.#bytes = this.#bytes.slice(count);
        this.#scanned = 0;
    }
}

function decode(bytes) {
    try {
        return decoder.decode(bytes);
    } catch (cause) {
        throw new MessagingError('protocol', 'A STOMP frame is not UTF-8', { cause });
    }
}

function parseHead(text) {
    const [command, ...lines] = text.replace(/\r$/, '').split(/\r?\n/);
    const decodeHeader = UNESCAPED_COMMANDS.has(command) ? String : unescapeHeader;
    const headers = new Map();
    for (const line of lines) {
        const colon = line.indexOf(':');
        if (colon < 1) throw new MessagingError('protocol', 'A STOMP header has no name');
        const name = decodeHeader(line.slice(0, colon));
        if (!headers.has(name)) headers.set(name, decodeHeader(line.slice(colon + 1)));
    }
    const length = headers.get('content-length');
    if (length !== undefined && !/^\d{1,15}$/.test(length)) throw new MessagingError('protocol', 'A STOMP content-length is no number');
    return { command, headers, length: length === undefined ? undefined : Number(length) };
}

/** Timers that a hidden tab does not slow down: in a worker where there can be one, else the ordinary ones. */
class Timers {
    #pending = new Map(); // id -> { callback, due, ordinary }
    #nextId = 1;
    #worker = null;

    constructor() {
        if (typeof Worker !== 'function' || typeof document === 'undefined') return;
        try {
            this.#worker = startWorker(new URL('messaging-client-timer.js', import.meta.url));
        } catch {
            return; // e.g. forbidden by the page's Content-Security-Policy
        }
        this.#worker.onmessage = ({ data }) => this.#fire(data);
        this.#worker.onerror = (event) => {
            event.preventDefault();
            this.#endWorker();
            for (const id of this.#pending.keys()) this.#start(id);
        };
    }

    /** @returns {number} for cancel() */
    after(delay, callback) {
        const id = this.#nextId++;
        this.#pending.set(id, { callback, due: Date.now() + delay, ordinary: undefined });
        this.#start(id);
        return id;
    }

    cancel(id) {
        const timer = this.#pending.get(id);
        if (!timer) return;
        this.#pending.delete(id);
        clearTimeout(timer.ordinary);
        this.#worker?.postMessage({ id });
    }

    /** Cancels all. */
    stop() {
        for (const id of [...this.#pending.keys()]) this.cancel(id);
        this.#endWorker();
    }

    #endWorker() {
        if (!this.#worker) return;
        this.#worker.onmessage = this.#worker.onerror = null;
        this.#worker.terminate();
        this.#worker = null;
    }

    #start(id) {
        const timer = this.#pending.get(id);
        const delay = Math.max(0, timer.due - Date.now());
        if (this.#worker) this.#worker.postMessage({ id, delay });
        else timer.ordinary = setTimeout(() => this.#fire(id), delay);
    }

    #fire(id) {
        const timer = this.#pending.get(id);
        this.#pending.delete(id);
        timer?.callback();
    }
}

/** A worker's script must be of the page's own origin: from elsewhere it is wrapped into a blob. */
function startWorker(url) {
    if (url.origin === location.origin) return new Worker(url);
    const blob = URL.createObjectURL(new Blob([`importScripts(${JSON.stringify(url.href)});`], { type: 'text/javascript' }));
    const worker = new Worker(blob);
    // Not at once: a worker that is slow to start would find nothing.
    setTimeout(() => URL.revokeObjectURL(blob), 60000);
    return worker;
}

/** One WebSocket with one STOMP session and one subscription on it. */
class StompConnection {
    #options;
    #timers;
    #socket;
    #parser = new FrameParser();
    #receipts = new Map(); // receipt id -> { resolve, reject }
    #nextReceipt = 1;
    #opening = null;
    #ended = null;
    #error = null; // what an ERROR frame said; the close follows
    #lastHeard = Date.now();
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

    /** Sends a frame with a receipt; resolves when the server has processed it. */
    request(command, headers, body) {
        const receipt = `r${this.#nextReceipt++}`;
        return new Promise((resolve, reject) => {
            if (this.#ended) throw new MessagingError('connection-lost', 'The connection is closed');
            this.#receipts.set(receipt, { resolve, reject });
            this.#write(formatFrame(command, { ...headers, receipt }, body));
        });
    }

    /** Rejects the request that @p receipt belongs to. */
    reject(receipt, error) {
        this.#receipts.get(receipt)?.reject(error);
        this.#receipts.delete(receipt);
    }

    /** Says good-bye as STOMP wants it, then closes. Never rejects. */
    async disconnect() {
        if (this.#ended || this.#opening) return this.#end(new MessagingError('closed', 'Disconnected'));
        let timer;
        const patience = new Promise((resolve) => { timer = this.#timers.after(CLOSE_PATIENCE, resolve); });
        await Promise.race([this.request('DISCONNECT').catch(() => { }), patience]);
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
        if (command === 'CONNECTED') this.#subscribe(headers);
        else if (command === 'MESSAGE') {
            this.#options.onMessage(frame);
            const ack = headers.get('ack');
            if (ack !== undefined && !this.#ended) this.#write(formatFrame('ACK', { id: ack }));
        }
        else if (command === 'RECEIPT') {
            this.#receipts.get(headers.get('receipt-id'))?.resolve();
            this.#receipts.delete(headers.get('receipt-id'));
        } else if (command === 'ERROR') {
            this.#error = new MessagingError('stomp-error', headers.get('message') ?? 'The server reports an error');
            this.reject(headers.get('receipt-id'), this.#error);
            this.#options.onError(this.#error);
            this.#timers.after(CLOSE_PATIENCE, () => this.#end(this.#error));
        } else throw new MessagingError('protocol', `A server does not send ${command}`);
    }

    #subscribe(headers) {
        if (!this.#opening) throw new MessagingError('protocol', 'A second CONNECTED');
        if (headers.get('version') !== '1.2') throw new MessagingError('protocol', 'The server does not speak STOMP 1.2');
        this.#startHeartbeats(headers.get('heart-beat') ?? '0,0');
        this.#resume = Number.parseInt(headers.get('resume') ?? '0', 10) || 0;
        this.#resumed = headers.get('resumed') === 'true';
        // What was not acknowledged comes again after a break.
        const ack = this.#resume > 0 ? 'client-individual' : 'auto';
        this.request('SUBSCRIBE', { id: 'sub-0', destination: `/queue/${this.#options.passcode}`, ack,
            'auto-delete': 'true', exclusive: 'true', durable: 'false' }).then(() => {
            this.#opening?.resolve();
            this.#opening = null;
        }, () => { }); // the connection ends, which rejects open()
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
        for (const { reject } of this.#receipts.values()) reject(error);
        this.#receipts.clear();
        if (this.#opening) this.#opening.reject(error);
        else this.#options.onClosed(error);
        this.#opening = null;
    }
}

/** Members of our HTTP bodies that frames for a log do not show. */
const SECRET_MEMBERS = new Set(['listeningKey', 'queueName', 'credential']);
const masked = (value) => JSON.stringify(value, (name, member) => (SECRET_MEMBERS.has(name) ? '***' : member));

const RECONNECT = { enabled: true, initialDelay: 500, maxDelay: 30000, factor: 2, jitter: 0.5, attempts: Infinity, conflict: 90000 };

/**
 * One user's session on a messaging-server. Events (each with a `detail`): `state`, `message`,
 * `undeliverable`, `frame`, `error`; see messaging-client.d.ts.
 */
export class MessagingClient extends EventTarget {
    #options;
    #reconnect;
    #state = /** @type {ClientState} */ ('idle');
    #run = null; // differs from one connect() to the next; what is late for its run does nothing
    #timers = null;
    #session = null; // the answer of POST /connect, while it is of use
    #detached = null; // { session, until } that a broken connection left to be resumed
    #seen = new Set(); // ids of the latest messages
    #connection = null;
    #onlineSince = 0;
    #failures = 0;
    #wake = () => { };
    #opening = null; // the promise of a session that is being opened
    #disconnecting = null;

    /** @param {ClientOptions} options */
    constructor(options) {
        super();
        const server = new URL(options.server ?? new URL('.', import.meta.url), globalThis.location?.href);
        if (!/^https?:$/.test(server.protocol)) throw new MessagingError('invalid-argument', 'server must be an http or https address');
        if (!server.pathname.endsWith('/')) server.pathname += '/';
        if (typeof options.userId !== 'string' || options.userId === '') throw new MessagingError('invalid-argument', 'userId is missing');
        this.#options = {
            userId: options.userId,
            server,
            fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
            WebSocket: options.WebSocket ?? globalThis.WebSocket,
            heartbeat: options.heartbeat ?? 10000,
            timeout: options.timeout ?? 15000,
            resume: options.resume ?? 60000,
        };
        if (!this.#options.WebSocket) throw new MessagingError('invalid-argument', 'There is no WebSocket here: pass one in');
        this.#reconnect = options.reconnect === false ? { ...RECONNECT, enabled: false } : { ...RECONNECT, ...options.reconnect };
    }

    get userId() { return this.#options.userId; }
    get state() { return this.#state; }
    /** For RTCPeerConnection, from the latest session. @returns {RTCIceServer[]} */
    get iceServers() { return this.#session?.iceServers ?? []; }

    /** Opens a session and listens on it; resolves when messages can come in. */
    async connect() {
        if (this.#state !== 'idle' && this.#state !== 'closed')
            throw new MessagingError('invalid-state', `connect() while ${this.#state}`);
        const run = this.#run = {};
        this.#timers = new Timers();
        this.#failures = 0;
        globalThis.addEventListener?.('online', this.#networkIsBack);
        this.#setState('connecting');
        try {
            await this.#openSession(run);
        } catch (error) {
            if (this.#run === run) this.#close({ error });
            throw error;
        }
    }

    /**
     * Relays content (any JSON value) to a user over HTTP.
     * @returns {Promise<{ messageId: string, state: 'delivered' | 'queued' }>}
     */
    async exchange(toUserId, content) {
        requireContent(content);
        return this.#post('exchange', { toUserId, content }, this.#onlineSession().listeningKey);
    }

    /**
     * Relays content (any JSON value) to a user over STOMP. Calls keep their order. Resolves when the server
     * has accepted the message; rejects with the problem when it could not be delivered.
     */
    async send(toUserId, content) {
        requireContent(content);
        this.#onlineSession();
        let destination;
        try {
            destination = `/user/${encodeURIComponent(toUserId)}`;
        } catch (cause) {
            throw new MessagingError('invalid-user-id', 'The user id is not well-formed Unicode', { cause });
        }
        const sent = this.#connection.request('SEND', { destination, 'content-type': 'application/json' }, JSON.stringify(content));
        await this.#inTime(sent, 'The server did not confirm the message in time');
    }

    /** Ends the session; nothing more arrives. Never rejects, and may be called in every state. */
    disconnect() {
        this.#disconnecting ??= this.#endSession().finally(() => { this.#disconnecting = null; });
        return this.#disconnecting;
    }

    async #endSession() {
        if (this.#state === 'idle' || this.#state === 'closed') return;
        const online = this.#state === 'online';
        this.#run = null;
        this.#wake();
        if (online) {
            const connection = this.#connection;
            await this.#release(this.#session);
            await connection.disconnect();
        } else {
            this.#connection?.drop(new MessagingError('closed', 'Disconnected'));
            await this.#opening?.catch(() => { }); // it gives back a session that it got meanwhile
            await this.#giveUpDetached();
        }
        this.#close({});
    }

    #openSession(run) {
        this.#opening = this.#tryToOpenSession(run).finally(() => { this.#opening = null; });
        return this.#opening;
    }

    async #tryToOpenSession(run) {
        const { userId, WebSocket, heartbeat, resume } = this.#options;
        if (this.#detached && Date.now() >= this.#detached.until) await this.#giveUpDetached();
        const resuming = this.#detached !== null;
        const session = resuming ? this.#detached.session : await this.#post('connect', { userId });
        let connection;
        try {
            if (typeof session?.listeningAddress !== 'string' || typeof session.listeningKey !== 'string')
                throw new MessagingError('protocol', 'The answer to /connect is not understood');
            if (this.#run !== run) throw new MessagingError('closed', 'Disconnected');
            this.#session = session;
            connection = this.#connection = new StompConnection({
                url: session.listeningAddress, WebSocket, heartbeat, resume, timers: this.#timers,
                login: session.userId ?? userId, passcode: session.listeningKey,
                onFrame: (direction, text) => this.#emit('frame', { direction, transport: 'stomp',
                    text: text.replaceAll(session.listeningKey, '***') }),
                onMessage: (frame) => this.#receive(connection, frame),
                onError: (error) => this.#emit('error', { error }),
                onClosed: (error) => this.#lost(run, error),
            });
            await this.#inTime(connection.open(), 'The server did not open the STOMP session in time');
            if (connection.ended) throw connection.ended;
            if (this.#run !== run) throw new MessagingError('closed', 'Disconnected');
        } catch (error) {
            connection?.drop(error);
            if (this.#run === run) this.#session = this.#connection = null;
            if (resuming) { // it goes on waiting, unless the server says that it is over
                if (error.closeCode === CREDENTIALS_REFUSED) this.#detached = null;
            } else if (typeof session?.listeningKey === 'string') {
                // Else the name stays taken until the server finds out that nobody listens.
                await this.#release(session);
            }
            throw error;
        }
        this.#detached = null;
        this.#onlineSince = Date.now();
        this.#setState('online', { resumed: resuming && connection.resumed });
    }

    /** Ends a session that waits to be resumed. */
    async #giveUpDetached() {
        const detached = this.#detached;
        this.#detached = null;
        if (detached) await this.#release(detached.session);
    }

    /** The session's end on the server; what went wrong with it does not matter any more. */
    async #release(session) {
        await this.#post('disconnect', { queueName: session.listeningKey }, session.listeningKey).catch(() => { });
    }

    #receive(connection, frame) {
        const event = frame.headers.get('event');
        let body;
        try {
            body = JSON.parse(frame.body);
        } catch (cause) {
            this.#emit('error', { error: new MessagingError('protocol', 'A message is not JSON', { cause }) });
            return;
        }
        if (event === undefined) {
            const id = frame.headers.get('message-id');
            if (this.#seen.has(id)) return; // it was dispatched, and the connection broke before the server knew
            this.#seen.add(id);
            if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
            const from = body?.from ?? frame.headers.get('from');
            this.#emit('message', { from, content: body?.content, id });
        } else if (event === 'undeliverable') {
            const receiptId = frame.headers.get('receipt-id');
            connection.reject(receiptId, MessagingError.fromProblem(body, body?.status, frame.headers.get('retry-after')));
            this.#emit('undeliverable', { problem: body, receiptId });
        } // events of later servers are none of this client's business
    }

    #lost(run, error) {
        if (this.#run !== run || this.#state !== 'online') return;
        const final = FINAL_CLOSE_CODES.has(error.closeCode) || !this.#reconnect.enabled;
        if (!final && this.#connection.resume > 0)
            this.#detached = { session: this.#session, until: Date.now() + this.#connection.resume };
        this.#session = this.#connection = null;
        if (Date.now() - this.#onlineSince >= GOOD_CONNECTION) this.#failures = 0;
        if (final) {
            this.#close({ error });
            this.#emit('error', { error });
        } else this.#comeBack(run, error);
    }

    /** Coming back means to resume the session that was left, and where there is none, a new one: POST /connect. */
    async #comeBack(run, error) {
        let conflictSince = 0;
        while (this.#failures++ < this.#reconnect.attempts) {
            const delay = this.#delay(error.retryAfter);
            this.#setState('reconnecting', { attempt: this.#failures, retryIn: delay, error });
            await this.#pause(delay);
            if (this.#run !== run) return;
            try {
                await this.#openSession(run);
                return;
            } catch (failure) {
                if (this.#run !== run) return;
                error = failure;
                if (error.closeCode === CREDENTIALS_REFUSED) continue; // the session is over: the next try opens one
            }
            // The server may still believe in the old connection: its userId is taken until that is noticed.
            conflictSince = error.status === 409 ? conflictSince || Date.now() : 0;
            if (conflictSince ? Date.now() - conflictSince > this.#reconnect.conflict : isFinal(error)) break;
        }
        await this.#giveUpDetached();
        if (this.#run !== run) return;
        this.#close({ error });
        this.#emit('error', { error });
    }

    #delay(retryAfter = 0) {
        const { initialDelay, maxDelay, factor, jitter } = this.#reconnect;
        const delay = Math.min(maxDelay, initialDelay * factor ** (this.#failures - 1));
        return Math.max(retryAfter * 1000, Math.round(delay * (1 - jitter * Math.random())));
    }

    #pause(delay) {
        return new Promise((resolve) => {
            const timer = this.#timers.after(delay, resolve);
            this.#wake = () => {
                this.#timers?.cancel(timer);
                resolve();
            };
        });
    }

    #networkIsBack = () => this.#wake();

    async #post(path, body, key) {
        const { server, fetch, timeout } = this.#options;
        const abort = new AbortController();
        const timer = this.#timers.after(timeout, () => abort.abort());
        const frame = (direction, text) => this.#emit('frame', { direction, transport: 'http', text });
        try {
            frame('out', `POST /${path}\n${masked(body)}`);
            const response = await fetch(new URL(path, server), {
                method: 'POST', mode: 'cors', credentials: 'omit', cache: 'no-store', redirect: 'error', signal: abort.signal,
                keepalive: path === 'disconnect', // goes out although the page is being closed
                headers: { 'Content-Type': 'application/json', ...(key && { Authorization: `Bearer ${key}` }) },
                body: JSON.stringify(body),
            });
            const answer = await response.json().catch((error) => {
                if (abort.signal.aborted) throw error;
            });
            frame('in', `${response.status} ${response.statusText}\n${answer === undefined ? '' : masked(answer)}`);
            if (!response.ok) throw MessagingError.fromProblem(answer, response.status, response.headers.get('Retry-After'));
            return answer;
        } catch (cause) {
            if (cause instanceof MessagingError) throw cause;
            const error = abort.signal.aborted ? new MessagingError('timeout', 'The server did not answer in time', { cause })
                : new MessagingError('network', 'The server cannot be reached', { cause });
            frame('in', error.message);
            throw error;
        } finally {
            this.#timers?.cancel(timer);
        }
    }

    async #inTime(promise, sentence) {
        let timer;
        const limit = new Promise((_, reject) => {
            timer = this.#timers.after(this.#options.timeout, () => reject(new MessagingError('timeout', sentence)));
        });
        try {
            return await Promise.race([promise, limit]);
        } finally {
            this.#timers?.cancel(timer);
        }
    }

    #onlineSession() {
        if (this.#state !== 'online') throw new MessagingError('not-connected', `Not connected (${this.#state})`);
        return this.#session;
    }

    #close(detail) {
        this.#run = this.#session = this.#connection = this.#detached = null;
        globalThis.removeEventListener?.('online', this.#networkIsBack);
        this.#timers?.stop();
        this.#timers = null;
        this.#setState('closed', detail);
    }

    #setState(state, detail = {}) {
        const previous = this.#state;
        this.#state = state;
        this.#emit('state', { state, previous, ...detail });
    }

    #emit(type, detail) {
        this.dispatchEvent(new ClientEvent(type, detail));
    }
}

/** An answer that will not change by asking again. */
function isFinal({ status, closeCode }) {
    return FINAL_CLOSE_CODES.has(closeCode) || (status >= 400 && status < 500 && ![408, 409, 425, 429].includes(status));
}

function requireContent(content) {
    if (JSON.stringify(content) === undefined) throw new MessagingError('invalid-argument', 'content must be a JSON value');
}
