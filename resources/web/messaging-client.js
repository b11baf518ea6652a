// SPDX-License-Identifier: MIT
/**
 * A client for messaging-server: ES modules without dependencies, for browsers and for Node.js (which
 * passes a WebSocket in). It opens a session by HTTP, listens on it by STOMP over WebSocket, and comes back
 * by itself when the connection breaks: to the same session, with what came meanwhile, if the server grants that.
 * What is sent meanwhile is kept, and goes out in order.
 *
 *     import { MessagingClient } from 'https://host/messaging-client.js';
 *     const client = new MessagingClient({ userId: 'alice' });
 *     client.addEventListener('message', ({ detail }) => console.log(detail.from, detail.content));
 *     await client.connect();
 *     await client.send('bob', { hello: 'world' });
 *
 * @module messaging-client
 */
import { Clock } from './messaging-client-clock.js';
import { StompConnection } from './messaging-client-connection.js';
import { CREDENTIALS_REFUSED, FINAL_CLOSE_CODES, MessagingError } from './messaging-client-errors.js';
import { Http, asNotSupported, isUncertain, mayPass } from './messaging-client-http.js';
import { Outbox } from './messaging-client-outbox.js';
import { PresenceWatches } from './messaging-client-presence.js';
import { MessageStates, noticesOf } from './messaging-client-states.js';

export { MessagingError } from './messaging-client-errors.js';
export { FrameParser, formatFrame } from './messaging-client-frames.js';

/** @typedef {import('./messaging-client.d.ts').ClientState} ClientState */
/** @typedef {import('./messaging-client.d.ts').ClientOptions} ClientOptions */
/** @typedef {import('./messaging-client.d.ts').SendOptions} SendOptions */
/** @typedef {import('./messaging-client.d.ts').SendReceipt} SendReceipt */
/** @typedef {import('./messaging-client.d.ts').ExchangeReceipt} ExchangeReceipt */
/** @typedef {import('./messaging-client.d.ts').MessageStatus} MessageStatus */
/** @typedef {import('./messaging-client.d.ts').Presence} Presence */

/** A connection that lasted this long (ms) was a good one: the next loss starts with a short delay again. */
const GOOD_CONNECTION = 5000;
/** Messages whose ids are remembered, so that one that comes again after a break is not dispatched twice. */
const REMEMBERED = 2000;
/** How long (ms) notices about a message are waited for, beyond its ttl. */
const NOTICE_PATIENCE = 120000;
/** As many as a server allows by default (`presence.watches`). */
const WATCHES = 100;

const RECONNECT = { enabled: true, initialDelay: 500, maxDelay: 30000, factor: 2, jitter: 0.5, attempts: Infinity, conflict: 90000 };
const OUTBOX = { enabled: true, messages: 1000, bytes: 1024 * 1024, time: 60000, newSession: 'unsent' };
const NEW_SESSION = ['all', 'unsent', 'none'];

/** What MessagingClient dispatches: an Event with a `detail`. */
class ClientEvent extends Event {
    constructor(type, detail) {
        super(type);
        this.detail = detail;
    }
}

/**
 * One user's session on a messaging-server. Events (each with a `detail`): `state`, `message`, `message-state`, `presence`,
 * `draining`, `outbox`, `undeliverable`, `frame`, `error`; see messaging-client.d.ts.
 */
export class MessagingClient extends EventTarget {
    #options;
    #reconnect;
    #sending; // the option `outbox`
    #state = /** @type {ClientState} */ ('idle');
    #run = null; // differs from one connect() to the next; what is late for its run does nothing
    #clock = null;
    #http;
    #session = null; // the answer of POST /connect, while it is of use
    #detached = null; // { session, until } that a broken connection left to be resumed
    #seen = new Set(); // of the latest messages
    #connection = null;
    #onlineSince = 0;
    #failures = 0;
    #wake = () => { };
    #waits = new Set(); // { untilOnline, resolve, reject } of requests that try again later
    #opening = null; // the promise of a session that is being opened
    #disconnecting = null;
    #draining = null; // { connection, reconnectAfter } when the server has said that it will close
    #outbox;
    #states;
    #watches;
    #tellsPresence = false; // the server does, as far as we know
    #forgiven = null; // a connection whose end is not final, whatever its close code
    #idPrefix = randomHex(8);
    #nextId = 1;

    /** @param {ClientOptions} options */
    constructor(options) {
        super();
        const server = new URL(options.server ?? new URL('.', import.meta.url), globalThis.location?.href);
        if (!/^https?:$/.test(server.protocol)) throw new MessagingError('invalid-argument', 'server must be an http or https address');
        if (!server.pathname.endsWith('/')) server.pathname += '/';
        if (typeof options.userId !== 'string' || options.userId === '') throw new MessagingError('invalid-argument', 'userId is missing');
        this.#options = {
            userId: options.userId,
            WebSocket: options.WebSocket ?? globalThis.WebSocket,
            heartbeat: options.heartbeat ?? 10000,
            timeout: options.timeout ?? 15000,
            resume: options.resume ?? 60000,
        };
        if (!this.#options.WebSocket) throw new MessagingError('invalid-argument', 'There is no WebSocket here: pass one in');
        this.#reconnect = options.reconnect === false ? { ...RECONNECT, enabled: false } : { ...RECONNECT, ...options.reconnect };
        this.#sending = options.outbox === false ? { ...OUTBOX, enabled: false, time: this.#options.timeout } : { ...OUTBOX, ...options.outbox };
        if (!NEW_SESSION.includes(this.#sending.newSession)) throw new MessagingError('invalid-argument', `newSession is one of ${NEW_SESSION.join(', ')}`);
        this.#http = new Http({ server, fetch: options.fetch ?? globalThis.fetch.bind(globalThis) },
            (direction, text) => this.#emit('frame', { direction, transport: 'http', text }));
        this.#outbox = new Outbox(this.#sending, (waiting) => this.#emit('outbox', waiting));
        this.#states = new MessageStates((messageId) => this.messageState(messageId));
        this.#watches = new PresenceWatches((change) => this.#emit('presence', change), (connection) => this.#presenceIsRefused(connection));
    }

    get userId() { return this.#options.userId; }
    get state() { return this.#state; }
    /** For RTCPeerConnection, from the latest session. @returns {RTCIceServer[]} */
    get iceServers() { return (this.#session ?? this.#detached?.session)?.iceServers ?? []; }
    /** What send() was given and waits for the connection to come back. */
    get waiting() { return this.#outbox.waiting; }

    /** Opens a session and listens on it; resolves when messages can come in. */
    async connect() {
        if (this.#state !== 'idle' && this.#state !== 'closed')
            throw new MessagingError('invalid-state', `connect() while ${this.#state}`);
        const run = this.#run = {};
        this.#clock = new Clock();
        for (const part of [this.#outbox, this.#states]) part.start(this.#clock);
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
     * Relays content (any JSON value) to a user over STOMP. Calls keep their order. While the connection is away the message is kept, and
     * goes out when it is back. Resolves when the server has accepted the message; rejects when it could not be delivered.
     * @param {string} toUserId @param {unknown} content @param {SendOptions} [options]
     * @returns {Promise<SendReceipt>}
     */
    async send(toUserId, content, options = {}) {
        const body = jsonOf(content);
        this.#requireSession();
        const { exchangeId, notices, ttl, time, newSession } = this.#wishes(options);
        const headers = { destination: `/user/${percentEncoded(toUserId)}`, 'content-type': 'application/json', 'exchange-id': exchangeId,
            ...(notices && { notify: notices }) };
        const receipt = this.#states.follow(exchangeId, toUserId, notices, NOTICE_PATIENCE + Math.max(time, ttl ?? 0));
        try {
            await this.#outbox.add({ headers, body, time, ttl, newSession });
        } catch (error) {
            this.#states.forget(exchangeId);
            throw error;
        }
        return receipt;
    }

    /**
     * Relays content (any JSON value) to a user over HTTP. When the server cannot be reached it tries again, under the same exchangeId.
     * @param {string} toUserId @param {unknown} content @param {SendOptions} [options]
     * @returns {Promise<ExchangeReceipt>}
     */
    async exchange(toUserId, content, options = {}) {
        jsonOf(content);
        this.#requireSession();
        const { exchangeId, notices, ttl, time, newSession } = this.#wishes(options);
        const receipt = this.#states.follow(exchangeId, toUserId, notices, NOTICE_PATIENCE + Math.max(time, ttl ?? 0));
        const body = { toUserId, content, exchangeId, ...(notices && { notify: notices }), ...(ttl !== undefined && { ttl }) };
        try {
            const { messageId, state, reason } = await this.#tryToExchange(body, Date.now() + time, newSession);
            this.#states.update({ messageId, exchangeId, toUserId, state: state === 'delivered' ? 'written' : state, ...(reason && { reason }) });
            return Object.assign(receipt, { messageId, state });
        } catch (error) {
            this.#states.forget(exchangeId);
            throw error;
        }
    }

    /**
     * What became of a message that this session sent.
     * @param {string} messageId of exchange(), or of a `message-state` event
     * @returns {Promise<MessageStatus>}
     */
    async messageState(messageId) {
        return this.#ask(`exchange/${encodeURIComponent(messageId)}`);
    }

    /**
     * Whether users are there, now.
     * @param {string[]} userIds
     * @returns {Promise<Map<string, Presence>>} by userId
     */
    async presence(userIds) {
        const { users } = await this.#ask('presence', { userIds });
        return new Map(Object.entries(users ?? {}));
    }

    /** From now on a `presence` event tells whether @p userId is there, and each change of that, also over reconnects. */
    async watchPresence(userId) {
        percentEncoded(userId);
        this.#requireSession();
        if (this.#watches.has(userId)) return;
        if (this.#watches.size >= WATCHES) throw new MessagingError('too-many', `No more than ${WATCHES} users can be watched at once`);
        this.#watches.add(userId);
        if (this.#state !== 'online') return;
        try {
            await this.#openWatches();
        } catch (error) {
            this.#watches.remove(userId);
            throw error;
        }
    }

    /** Ends watchPresence(). */
    unwatchPresence(userId) {
        this.#watches.remove(userId);
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

    // Sessions and connections

    #openSession(run) {
        this.#opening = this.#tryToOpenSession(run).finally(() => { this.#opening = null; });
        return this.#opening;
    }

    async #tryToOpenSession(run) {
        const { userId, WebSocket, heartbeat, resume } = this.#options;
        if (this.#detached && Date.now() >= this.#detached.until) await this.#giveUpDetached();
        const resuming = this.#detached !== null;
        const session = resuming ? this.#detached.session : await this.#request('connect', { userId });
        let connection;
        try {
            if (typeof session?.listeningAddress !== 'string' || typeof session.listeningKey !== 'string')
                throw new MessagingError('protocol', 'The answer to /connect is not understood');
            if (this.#run !== run) throw new MessagingError('closed', 'Disconnected');
            this.#session = session;
            connection = this.#connection = new StompConnection({
                url: session.listeningAddress, WebSocket, heartbeat, resume, timers: this.#clock,
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
        const resumed = resuming && connection.resumed;
        this.#outbox.open(connection, resumed); // before anything that is sent from now on
        this.#setState('online', { resumed });
        for (const wait of [...this.#waits]) if (wait.untilOnline) wait.resolve();
        this.#openWatches().catch((error) => this.#emit('error', { error }));
    }

    /** Ends a session that waits to be resumed. */
    async #giveUpDetached() {
        const detached = this.#detached;
        this.#detached = null;
        if (detached) await this.#release(detached.session);
    }

    /** The session's end on the server; what went wrong with it does not matter any more. */
    async #release(session) {
        await this.#request('disconnect', { queueName: session.listeningKey }, session.listeningKey).catch(() => { });
    }

    #lost(run, error) {
        if (this.#run !== run || this.#state !== 'online') return;
        const connection = this.#connection;
        const draining = this.#draining?.connection === connection ? this.#draining : null;
        const final = !this.#reconnect.enabled || (FINAL_CLOSE_CODES.has(error.closeCode) && this.#forgiven !== connection);
        if (!final && connection.resume > 0)
            this.#detached = { session: this.#session, until: Date.now() + connection.resume };
        this.#session = this.#connection = this.#draining = this.#forgiven = null;
        this.#watches.close();
        if (Date.now() - this.#onlineSince >= GOOD_CONNECTION || draining) this.#failures = 0;
        if (final) {
            this.#close({ error });
            this.#emit('error', { error });
            return;
        }
        if (this.#sending.enabled) this.#outbox.close();
        else this.#outbox.fail(error);
        this.#comeBack(run, error, draining);
    }

    /** Coming back means to resume the session that was left, and where there is none, a new one: POST /connect. */
    async #comeBack(run, error, draining) {
        let conflictSince = 0;
        while (this.#failures++ < this.#reconnect.attempts) {
            const delay = draining ? this.#delayAfterDrain(draining.reconnectAfter) : this.#delay(this.#failures, error.retryAfter);
            this.#setState('reconnecting', { attempt: this.#failures, retryIn: delay, ...(draining ? { draining: true } : { error }) });
            draining = null;
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

    #delay(failures, retryAfter = 0) {
        const { initialDelay, maxDelay, factor, jitter } = this.#reconnect;
        const delay = Math.min(maxDelay, initialDelay * factor ** (failures - 1));
        return Math.max(retryAfter * 1000, Math.round(delay * (1 - jitter * Math.random())));
    }

    /** Not before the server said, and not all clients at once. */
    #delayAfterDrain(reconnectAfter) {
        const { initialDelay, jitter } = this.#reconnect;
        return Math.round(reconnectAfter + Math.random() * Math.max(initialDelay, reconnectAfter * jitter));
    }

    #pause(delay) {
        return new Promise((resolve) => {
            const timer = this.#clock.after(delay, resolve);
            this.#wake = () => {
                this.#clock?.cancel(timer);
                resolve();
            };
        });
    }

    #networkIsBack = () => this.#wake();

    // What comes in

    #receive(connection, frame) {
        const event = frame.headers.get('event');
        let body;
        try {
            body = JSON.parse(frame.body);
        } catch (cause) {
            this.#emit('error', { error: new MessagingError('protocol', 'A message is not JSON', { cause }) });
            return;
        }
        if (event === undefined) this.#receiveMessage(frame.headers, body);
        else if (event === 'undeliverable') {
            const receiptId = frame.headers.get('receipt-id');
            const isLast = connection.settle(receiptId, MessagingError.fromProblem(body, body?.status, frame.headers.get('retry-after')));
            if (isLast) this.#emit('undeliverable', { problem: body, receiptId });
        } else if (typeof body !== 'object' || body === null) return;
        else if (event === 'written' || event === 'acked' || event === 'failed') this.#receiveNotice(event, body);
        else if (event === 'presence') this.#watches.receive(body);
        else if (event === 'draining') {
            const reconnectAfter = Math.min(Math.max(0, Number(body.reconnectAfter) || 0), this.#reconnect.maxDelay);
            this.#draining = { connection, reconnectAfter };
            this.#emit('draining', { reconnectAfter });
        } // events of later servers are none of this client's business
    }

    #receiveMessage(headers, body) {
        const id = headers.get('message-id');
        const from = body?.from ?? headers.get('from');
        if (!this.#isNew(`message ${id}`)) return; // it was dispatched, and the connection broke before the server knew
        // Servers that do not know a sender's repeat relay it, and with it the header.
        const exchangeId = headers.get('exchange-id');
        if (exchangeId !== undefined && !this.#isNew(`exchange ${exchangeId} ${from}`)) return;
        this.#emit('message', { from, content: body?.content, id });
    }

    #receiveNotice(event, { messageId, exchangeId, toUserId, state, reason }) {
        if (!this.#isNew(`${event} ${messageId}`)) return;
        const status = { messageId, ...(exchangeId !== undefined && { exchangeId }), toUserId, state, ...(reason !== undefined && { reason }) };
        this.#states.update(status, event === 'acked');
        this.#emit('message-state', status);
    }

    /** Whether this was not seen lately; from now on it was. */
    #isNew(what) {
        if (this.#seen.has(what)) return false;
        this.#seen.add(what);
        if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
        return true;
    }

    // What goes out

    #wishes({ exchangeId = `${this.#idPrefix}-${this.#nextId++}`, notify, ttl, time = this.#sending.time, newSession = this.#sending.newSession }) {
        if (typeof exchangeId !== 'string' || exchangeId === '') throw new MessagingError('invalid-argument', 'exchangeId is a string');
        if (ttl !== undefined && !(Number.isSafeInteger(ttl) && ttl > 0)) throw new MessagingError('invalid-argument', 'ttl is a whole number of milliseconds');
        if (!(time >= 0)) throw new MessagingError('invalid-argument', 'time is a number of milliseconds');
        if (!NEW_SESSION.includes(newSession)) throw new MessagingError('invalid-argument', `newSession is one of ${NEW_SESSION.join(', ')}`);
        return { exchangeId, notices: noticesOf(notify), ttl, time, newSession };
    }

    async #tryToExchange(body, deadline, newSession) {
        const run = this.#run;
        const left = () => deadline - Date.now();
        let used = this.#session ?? this.#detached?.session; // by the latest try
        let uncertain = false; // an earlier try may have been carried out
        for (let attempt = 1;; ++attempt) {
            while (this.#state !== 'online') {
                if (left() <= 0) throw new MessagingError('not-sent', 'The connection did not come back in time', { uncertain });
                await this.#wait(left(), true).catch((error) => { throw error.of(uncertain); });
            }
            if (this.#session !== used && (newSession === 'none' || (newSession === 'unsent' && uncertain)))
                throw new MessagingError('session-lost', 'The session was lost before the server had confirmed the message', { uncertain });
            used = this.#session;
            try {
                return await this.#request('exchange', body, used.listeningKey, Math.min(this.#options.timeout, Math.max(1, left())));
            } catch (error) {
                uncertain ||= isUncertain(error);
                const isOfOldSession = error.status === 401 && this.#session !== used;
                const delay = isOfOldSession ? 0 : this.#delay(attempt, error.retryAfter);
                if (!this.#sending.enabled || this.#run !== run || !(isOfOldSession || mayPass(error)) || delay >= left()) throw error.of(uncertain);
                await this.#wait(delay).catch(() => { throw error.of(uncertain); });
            }
        }
    }

    /** Subscribes to all that are watched. A SUBSCRIBE that is refused costs the connection: a request asks first. */
    async #openWatches() {
        const connection = this.#connection;
        if (this.#watches.size === 0) return;
        if (!this.#tellsPresence) {
            try {
                await this.presence(this.#watches.userIds);
            } catch (error) {
                if (error.code === 'not-supported' || error.status === 403) this.#watches.clear();
                throw error;
            }
            this.#tellsPresence = true;
        }
        if (this.#connection === connection && this.#state === 'online') this.#watches.open(connection);
    }

    #presenceIsRefused(connection) {
        this.#tellsPresence = false;
        this.#forgiven = connection;
    }

    /** A question to the server about others, by HTTP. */
    async #ask(path, body) {
        this.#requireSession();
        const session = this.#session ?? this.#detached?.session;
        if (!session) throw new MessagingError('not-connected', `Not connected (${this.#state})`);
        try {
            return await this.#request(path, body, session.listeningKey);
        } catch (error) {
            throw asNotSupported(error);
        }
    }

    #request(path, body, key, timeout = this.#options.timeout) {
        return this.#http.request(path, body, { key, timeout, clock: this.#clock });
    }

    // Waiting

    /** Resolves after @p delay ms, or when the client is online if that is asked for; rejects when it closes. */
    #wait(delay, untilOnline = false) {
        return new Promise((resolve, reject) => {
            const end = (settle) => (value) => {
                this.#clock.cancel(timer);
                this.#waits.delete(wait);
                settle(value);
            };
            const wait = { untilOnline, resolve: end(resolve), reject: end(reject) };
            const timer = this.#clock.after(delay, wait.resolve);
            this.#waits.add(wait);
        });
    }

    async #inTime(promise, sentence) {
        let timer;
        const limit = new Promise((_, reject) => {
            timer = this.#clock.after(this.#options.timeout, () => reject(new MessagingError('timeout', sentence)));
        });
        try {
            return await Promise.race([promise, limit]);
        } finally {
            this.#clock?.cancel(timer);
        }
    }

    // State

    #requireSession() {
        if (this.#state !== 'online' && !(this.#state === 'reconnecting' && this.#sending.enabled))
            throw new MessagingError('not-connected', `Not connected (${this.#state})`);
    }

    #close(detail) {
        const error = detail.error ?? new MessagingError('closed', 'Disconnected');
        this.#run = this.#session = this.#connection = this.#detached = this.#draining = this.#forgiven = null;
        globalThis.removeEventListener?.('online', this.#networkIsBack);
        this.#outbox.fail(error);
        this.#states.fail(error);
        for (const wait of [...this.#waits]) wait.reject(error);
        this.#watches.close();
        this.#watches.clear();
        this.#tellsPresence = false;
        this.#clock?.stop();
        this.#clock = null;
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

function jsonOf(content) {
    const text = JSON.stringify(content);
    if (text === undefined) throw new MessagingError('invalid-argument', 'content must be a JSON value');
    return text;
}

function percentEncoded(userId) {
    try {
        return encodeURIComponent(userId);
    } catch (cause) {
        throw new MessagingError('invalid-user-id', 'The user id is not well-formed Unicode', { cause });
    }
}

/** Not a secret: it only has to differ from others'. */
function randomHex(bytes) {
    const values = new Uint8Array(bytes);
    if (globalThis.crypto) crypto.getRandomValues(values);
    else for (let at = 0; at < bytes; ++at) values[at] = Math.random() * 256; // Node.js 18
    return Array.from(values, (value) => value.toString(16).padStart(2, '0')).join('');
}
