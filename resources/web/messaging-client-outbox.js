// SPDX-License-Identifier: MIT
/** What send() was given, until its outcome is known. @module messaging-client-outbox */
import { MessagingError } from './messaging-client-errors.js';

const encoder = new TextEncoder();

/**
 * Messages on their way out, in order. While there is a connection each goes out at once, and stays here until the server has
 * confirmed it; while there is none they wait. What was not confirmed when a connection broke goes out again on the next one, under
 * the same `exchange-id`, by which the server knows a repeat.
 */
export class Outbox {
    #limits;
    #onChange;
    #clock = null;
    #connection = null;
    #entries = new Set(); // in order
    #bytes = 0; // of all bodies
    #told = 0; // what onChange was called with

    /**
     * @param {{ messages: number, bytes: number }} limits of what may wait while there is no connection
     * @param {(waiting: { messages: number, bytes: number }) => void} onChange
     */
    constructor(limits, onChange) {
        this.#limits = limits;
        this.#onChange = onChange;
    }

    /** What waits for a connection. */
    get waiting() {
        return this.#connection ? { messages: 0, bytes: 0 } : { messages: this.#entries.size, bytes: this.#bytes };
    }

    /** @param {{ after: Function, cancel: Function }} clock for all that is added from now on */
    start(clock) {
        this.#clock = clock;
    }

    /**
     * @param {{ headers: Record<string, string | number>, body: string, time: number, ttl?: number, newSession: string }} message
     *     time: how long (ms) its outcome may take; ttl: how long it may be on its way at all
     * @returns {Promise<void>} resolves when the server has accepted it
     */
    add({ headers, body, time, ttl, newSession }) {
        return new Promise((resolve, reject) => {
            const bytes = encoder.encode(body).length;
            if (!this.#connection && (this.#entries.size >= this.#limits.messages || this.#bytes + bytes > this.#limits.bytes))
                throw new MessagingError('outbox-full', 'Too much waits for the connection to come back', { uncertain: false });
            const now = Date.now();
            const entry = { headers, body, bytes, newSession, resolve, reject, due: now + time,
                expires: ttl === undefined ? Infinity : now + ttl, sent: false, refusal: undefined, timer: undefined };
            this.#entries.add(entry);
            this.#bytes += bytes;
            this.#watch(entry);
            if (this.#connection) this.#write(entry);
            else this.#changed();
        });
    }

    /**
     * All that waits goes out on @p connection.
     * @param {boolean} resumed whether its session is that of before; else each message says whether it goes out in another one
     */
    open(connection, resumed) {
        this.#connection = connection;
        for (const entry of [...this.#entries]) {
            if (resumed || entry.newSession === 'all' || (entry.newSession === 'unsent' && !entry.sent)) this.#write(entry);
            else {
                this.#settle(entry, new MessagingError('session-lost', entry.sent
                    ? 'The session was lost before the server had confirmed the message' : 'The session for which the message waited was lost',
                { uncertain: entry.sent }));
            }
        }
        this.#changed();
    }

    /** The connection broke. */
    close() {
        this.#connection = null;
        this.#changed();
    }

    /** Nothing goes out any more. @param {MessagingError} error why */
    fail(error) {
        this.#connection = null;
        for (const entry of [...this.#entries]) this.#settle(entry, error.of(entry.sent));
        this.#changed();
    }

    #write(entry) {
        const left = entry.expires - Date.now();
        if (left <= 0 && !entry.sent) {
            this.#settle(entry, expired());
            return;
        }
        entry.sent = true;
        const headers = left === Infinity ? entry.headers : { ...entry.headers, ttl: Math.max(1, left) };
        this.#connection.transmit('SEND', headers, entry.body, (error) => {
            if (error?.code !== 'draining') return this.#settle(entry, error);
            entry.sent = false; // this server takes nothing any more: the next one will
            entry.refusal = error;
            return !this.#entries.has(entry);
        });
    }

    #watch(entry) {
        const now = Date.now();
        const until = entry.sent ? entry.due : Math.min(entry.due, entry.expires);
        entry.timer = this.#clock.after(Math.max(0, until - now), () => {
            if (entry.sent && Date.now() < entry.due) this.#watch(entry); // the server has it, and counts its ttl itself
            else if (entry.sent) this.#settle(entry, new MessagingError('timeout', 'The server did not confirm the message in time', { uncertain: true }));
            else if (entry.expires <= entry.due) this.#settle(entry, expired());
            else this.#settle(entry, entry.refusal ?? new MessagingError('not-sent', 'The connection did not come back in time', { uncertain: false }));
            this.#changed();
        });
    }

    #settle(entry, error) {
        if (!this.#entries.delete(entry)) return;
        this.#bytes -= entry.bytes;
        this.#clock.cancel(entry.timer);
        if (error) entry.reject(error);
        else entry.resolve();
    }

    #changed() {
        const { waiting } = this;
        if (waiting.messages === this.#told) return;
        this.#told = waiting.messages;
        this.#onChange(waiting);
    }
}

const expired = () => new MessagingError('expired', 'The message was too old before it could be sent', { uncertain: false });
