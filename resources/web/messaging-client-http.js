// SPDX-License-Identifier: MIT
/** The server's HTTP requests. @module messaging-client-http */
import { MessagingError } from './messaging-client-errors.js';

/** Members of our HTTP bodies that frames for a log do not show. */
const SECRET_MEMBERS = new Set(['listeningKey', 'queueName', 'credential']);
const masked = (value) => JSON.stringify(value, (name, member) => (SECRET_MEMBERS.has(name) ? '***' : member));

/** Of answers: the request may reach a server that is well again. */
const PASSING = new Set([502, 503, 504]);

export class Http {
    #server;
    #fetch;
    #onFrame;

    /**
     * @param {{ server: URL, fetch: typeof fetch }} options
     * @param {(direction: 'in' | 'out', text: string) => void} onFrame for a log
     */
    constructor({ server, fetch }, onFrame) {
        this.#server = server;
        this.#fetch = fetch;
        this.#onFrame = onFrame;
    }

    /**
     * @param {string} path @param {object | undefined} body POST with a body, else GET
     * @param {{ key?: string, timeout: number, clock: { after: Function, cancel: Function } }} options
     * @returns {Promise<any>} the answer's body
     * @throws {MessagingError} `network`, `timeout`, or the problem
     */
    async request(path, body, { key, timeout, clock }) {
        const abort = new AbortController();
        const timer = clock.after(timeout, () => abort.abort());
        const method = body === undefined ? 'GET' : 'POST';
        const fetch = this.#fetch;
        try {
            this.#onFrame('out', `${method} /${path}${body === undefined ? '' : `\n${masked(body)}`}`);
            const response = await fetch(new URL(path, this.#server), {
                method, mode: 'cors', credentials: 'omit', cache: 'no-store', redirect: 'error', signal: abort.signal,
                keepalive: path === 'disconnect', // goes out although the page is being closed
                headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...(key && { Authorization: `Bearer ${key}` }) },
                ...(body !== undefined && { body: JSON.stringify(body) }),
            });
            const answer = await response.json().catch((error) => {
                if (abort.signal.aborted) throw error;
            });
            this.#onFrame('in', `${response.status} ${response.statusText}\n${answer === undefined ? '' : masked(answer)}`);
            if (!response.ok) throw MessagingError.fromProblem(answer, response.status, response.headers.get('Retry-After'));
            return answer;
        } catch (cause) {
            if (cause instanceof MessagingError) throw cause;
            const error = abort.signal.aborted
                ? new MessagingError('timeout', 'The server did not answer in time', { uncertain: true, cause })
                : new MessagingError('network', 'The server cannot be reached', { uncertain: true, cause });
            this.#onFrame('in', error.message);
            throw error;
        } finally {
            clock.cancel(timer);
        }
    }
}

/** Whether the same request may do better a little later. @param {MessagingError} error */
export const mayPass = ({ code, status }) => code === 'network' || code === 'timeout' || PASSING.has(status);

/** Whether a request that ended so may have been carried out. @param {MessagingError} error */
export const isUncertain = ({ code, status }) => code === 'network' || code === 'timeout' || status === 502 || status === 504;

/** What a server of before presence and message states answers: there is nothing of that kind. */
export function asNotSupported(error) {
    const isMissing = error.status === 405 || (error.status === 404 && (error.code === 'not-found' || error.code === 'http-404'));
    return isMissing ? new MessagingError('not-supported', 'This server cannot tell that', { status: error.status, cause: error }) : error;
}
