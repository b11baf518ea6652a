// SPDX-License-Identifier: MIT
/** What can go wrong, and which ends of a connection are final. @module messaging-client-errors */

/** Close codes (docs/stomp.md) after which coming back by itself would do harm, or would fail the same way again. */
export const FINAL_CLOSE_CODES = new Map([
    [1002, ['protocol', 'The server says that this client broke the protocol']],
    [1003, ['protocol', 'The server says that this client broke the protocol']],
    [1007, ['protocol', 'The server says that this client broke the protocol']],
    [1008, ['refused', 'The server does not allow what this client did']],
    [1009, ['too-large', 'The server says that this client sent too much at once']],
    [4001, ['replaced', 'Another connection took over this session']],
]);

/** The close code after which the login will not do any better: the session is over. */
export const CREDENTIALS_REFUSED = 4006;

/** Everything that this module throws, rejects with, or reports by an `error` event. */
export class MessagingError extends Error {
    /**
     * @param {string} code what programs look at, e.g. `recipient-unknown` (see MessagingErrorCode)
     * @param {string} message one sentence for a person
     * @param {{ status?: number, type?: string, retryAfter?: number, closeCode?: number, uncertain?: boolean, cause?: unknown }} [more]
     */
    constructor(code, message, { status, type, retryAfter, closeCode, uncertain, cause } = {}) {
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
        /** Whether the message may have been accepted all the same. */
        this.uncertain = uncertain;
    }

    /** The same for one of several messages that it ends. @param {boolean} uncertain */
    of(uncertain) {
        const { code, message, status, type, retryAfter, closeCode } = this;
        return new MessagingError(code, message, { status, type, retryAfter, closeCode, uncertain, cause: this });
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
