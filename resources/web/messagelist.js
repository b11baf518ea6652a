// SPDX-License-Identifier: GPL-3.0-or-later
//
// The messages, and what became of each that was written here.
import { element } from './framelog.js';

/** Of states as the server tells them; `sent`: it has the message, and told no more. */
const STATES = {
    sent: () => '✓ sent',
    queued: (name) => `… waits for ${name}`,
    written: () => '✓ delivered',
    acked: () => '✓ delivered',
    expired: (name) => `✕ not reachable: ${name} did not come in time`,
    dropped: (name) => `✕ not reachable: ${name} has left`,
};
const ORDER = ['sent', 'queued', 'written', 'acked', 'expired', 'dropped'];
/** Messages whose state may still change. */
const FOLLOWED = 200;

export class MessageList {
    #list;
    #onWaiting;
    #connected = true;
    #waiting = new Set(); // messages that the server has not accepted yet
    #followed = new Map(); // by id
    #nextId = 1;
    #prefix = `page-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

    /** @param {HTMLOListElement} list @param {(count: number) => void} onWaiting so many messages wait for the connection */
    constructor(list, onWaiting) {
        this.#list = list;
        this.#onWaiting = onWaiting;
    }

    /** Shows a message; what it returns takes what becomes of it. @param {{ name: string, text: string, way: string, mine?: boolean }} message */
    add({ name, text, way, mine = false }) {
        const state = element('span', { className: 'message-state' });
        const meta = element('p', { className: 'meta' }, mine ? 'to ' : '', element('bdi', { textContent: name }),
            element('time', { textContent: new Date().toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }) }),
            way, state);
        const entry = element('li', { className: mine ? 'message mine' : 'message' }, meta, element('p', { className: 'text', textContent: text, dir: 'auto' }));
        this.#list.append(entry);
        this.#list.scrollTop = this.#list.scrollHeight;

        const id = `${this.#prefix}-${this.#nextId++}`;
        let known = -1; // how far, in ORDER
        const show = (description, kind = '') => {
            state.textContent = description;
            entry.classList.toggle('waiting', kind === 'waiting');
            entry.classList.toggle('failed', kind === 'failed');
        };
        const message = {
            id,
            begin: () => {
                this.#waiting.add(message);
                this.#followed.set(id, message);
                if (this.#followed.size > FOLLOWED) this.#followed.delete(this.#followed.keys().next().value);
                this.#showWaiting();
            },
            showProgress: () => (this.#connected ? show('sending…') : show('waits for the connection', 'waiting')),
            accepted: (told) => {
                this.#settle(message);
                message.tell(told === 'delivered' ? 'written' : told);
            },
            /** @param {string} told a later state never gives way to an earlier one */
            tell: (told) => {
                const order = ORDER.indexOf(told);
                if (order <= known) return;
                known = order;
                this.#settle(message);
                show(STATES[told](name), told === 'expired' || told === 'dropped' ? 'failed' : '');
            },
            failed: (error) => {
                this.#settle(message);
                const problem = error.code === 'recipient-unknown' ? `✕ not reachable: ${name} is not here`
                    : `${error.uncertain ? '✕ perhaps not delivered' : '✕ not delivered'}: ${error.message}`;
                if (known < 0) show(problem, 'failed');
            },
        };
        return message;
    }

    /** @param {{ exchangeId?: string, state: string }} status from the server */
    tell({ exchangeId, state }) {
        this.#followed.get(exchangeId)?.tell(state);
    }

    /** Whether what is written goes out at once. */
    setConnected(connected) {
        this.#connected = connected;
        this.#showWaiting();
    }

    #settle(message) {
        if (this.#waiting.delete(message)) this.#showWaiting();
    }

    #showWaiting() {
        for (const message of this.#waiting) message.showProgress();
        this.#onWaiting(this.#connected ? 0 : this.#waiting.size);
    }
}
