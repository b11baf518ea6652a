// SPDX-License-Identifier: MIT
/** STOMP 1.2 frames: values in, text out, and back. @module messaging-client-frames */
import { MessagingError } from './messaging-client-errors.js';

/** @typedef {import('./messaging-client.d.ts').StompFrame} StompFrame */

const PARSER_LIMIT = 16 * 1024 * 1024;
const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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
