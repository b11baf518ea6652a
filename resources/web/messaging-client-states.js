// SPDX-License-Identifier: MIT
/** What became of messages after the server had accepted them. @module messaging-client-states */
import { MessagingError } from './messaging-client-errors.js';

/** @typedef {import('./messaging-client.d.ts').MessageStatus} MessageStatus */

const NOTICES = ['written', 'acked', 'failed'];
/** Messages that are followed at once; beyond it the oldest is given up. */
const FOLLOWED = 1000;
const SENTENCES = {
    expired: () => 'The message was too old before it could be delivered',
    dropped: (reason) => `The message was dropped${reason ? `: ${reason}` : ''}`,
};

/**
 * @param {boolean | string[] | undefined} notify as an application says it
 * @returns {string | undefined} as the server reads it. Failure is always asked for as well: who waits for a delivery wants to know.
 */
export function noticesOf(notify) {
    if (notify === undefined || notify === false) return undefined;
    if (notify === true) return NOTICES.join();
    if (!Array.isArray(notify) || notify.some((name) => !NOTICES.includes(name)))
        throw new MessagingError('invalid-argument', `notify is true or a list of ${NOTICES.join(', ')}`);
    return notify.length === 0 ? undefined : NOTICES.filter((name) => name === 'failed' || notify.includes(name)).join();
}

/** A promise that may be left alone: nobody has to catch it. */
class Outcome {
    constructor() {
        this.promise = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
        this.promise.catch(() => { });
    }
}

/** What send() and exchange() resolve with. */
export class Receipt {
    #fate;

    /** @param {string} exchangeId @param {{ written: Outcome, acked: Outcome } | undefined} fate */
    constructor(exchangeId, fate) {
        /** The sender's name for the message, that notices bear. */
        this.exchangeId = exchangeId;
        this.#fate = fate;
    }

    /** Resolves when the message was written to the recipient's connection. @returns {Promise<MessageStatus>} */
    get written() { return this.#outcome('written'); }
    /** Resolves when the recipient has acknowledged it, or never will, being one that does not. @returns {Promise<MessageStatus>} */
    get acked() { return this.#outcome('acked'); }

    #outcome(name) {
        return this.#fate?.[name]?.promise
            ?? Promise.reject(new MessagingError('invalid-state', `The message was not sent with notify: ['${name}']`));
    }
}

/** Follows messages by the server's notices. */
export class MessageStates {
    #ask;
    #followed = new Map(); // exchangeId -> { written, acked: Outcome or undefined, toUserId, messageId, timer }
    #clock = null;

    /** @param {(messageId: string) => Promise<MessageStatus>} ask for a message whose notices do not come */
    constructor(ask) {
        this.#ask = ask;
    }

    start(clock) {
        this.#clock = clock;
    }

    /**
     * @param {string | undefined} notices of noticesOf() @param {number} patience (ms) with which notices are waited for
     * @returns {Receipt} whose promises follow the message
     */
    follow(exchangeId, toUserId, notices, patience) {
        if (!notices) return new Receipt(exchangeId);
        this.forget(exchangeId);
        if (this.#followed.size >= FOLLOWED) {
            const [[oldest]] = this.#followed;
            this.#giveUp(oldest, new MessagingError('timeout', 'Too many messages are followed'));
        }
        const wants = notices.split(',');
        const fate = { written: new Outcome(), ...(wants.includes('acked') && { acked: new Outcome() }), toUserId, messageId: undefined,
            timer: this.#clock.after(patience, () => this.#overdue(exchangeId)) };
        this.#followed.set(exchangeId, fate);
        return new Receipt(exchangeId, fate);
    }

    /** The message was not accepted. */
    forget(exchangeId) {
        const fate = this.#followed.get(exchangeId);
        if (!fate) return;
        this.#clock.cancel(fate.timer);
        this.#followed.delete(exchangeId);
    }

    /**
     * By a notice, or by an answer of the server.
     * @param {MessageStatus} status @param {boolean} [acknowledges] it is the notice `acked`, whose state may be `written`
     */
    update(status, acknowledges = status.state === 'acked') {
        const fate = this.#followed.get(status.exchangeId);
        if (!fate) return;
        fate.messageId ??= status.messageId;
        const { state, reason } = status;
        if (state === 'expired' || state === 'dropped') {
            this.#giveUp(status.exchangeId, new MessagingError(state, SENTENCES[state](reason)));
            return;
        }
        if (state !== 'written' && state !== 'acked') return;
        fate.written.resolve(status);
        if (acknowledges) fate.acked?.resolve(status);
        if (acknowledges || !fate.acked) this.forget(status.exchangeId);
    }

    /** Nothing will be heard any more. */
    fail(error) {
        for (const exchangeId of [...this.#followed.keys()]) this.#giveUp(exchangeId, error);
    }

    /** The notices may have gone lost with a session, or the server knows none: it is asked, once. */
    async #overdue(exchangeId) {
        const { messageId } = this.#followed.get(exchangeId);
        try {
            if (messageId !== undefined) this.update({ ...await this.#ask(messageId), exchangeId });
        } catch { /* it does not know either */ }
        this.#giveUp(exchangeId, new MessagingError('timeout', 'The server did not tell in time what became of the message', { uncertain: true }));
    }

    #giveUp(exchangeId, error) {
        const fate = this.#followed.get(exchangeId);
        this.forget(exchangeId);
        fate?.written.reject(error);
        fate?.acked?.reject(error);
    }
}
