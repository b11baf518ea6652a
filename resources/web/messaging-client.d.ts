// SPDX-License-Identifier: MIT

/** Any value that JSON can say. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined };

/**
 * - `idle`: connect() was not called yet
 * - `connecting`: connect() is under way
 * - `online`: messages come in, and exchange() and send() work
 * - `reconnecting`: the connection broke; the session will be resumed if the server keeps it, else a new one opened
 * - `closed`: disconnected, or lost for good (`error` of the `state` event says why); connect() may be called again
 */
export type ClientState = 'idle' | 'connecting' | 'online' | 'reconnecting' | 'closed';

export interface ReconnectOptions {
    /** Default true. */
    enabled?: boolean;
    /** The first delay, in ms. Default 500. */
    initialDelay?: number;
    /** What the delay grows to, in ms. Default 30000. */
    maxDelay?: number;
    /** What the delay is multiplied with after each failure. Default 2. */
    factor?: number;
    /** The part of each delay that is random, 0 to 1. Default 0.5. */
    jitter?: number;
    /** Failures in a row after which the client gives up. Default Infinity. */
    attempts?: number;
    /** How long, in ms, "user id taken" is put down to one's own old connection. Default 90000. */
    conflict?: number;
}

export interface ClientOptions {
    /** The name to be known by: 1 to 128 bytes of UTF-8, no control characters, no outer blanks. */
    userId: string;
    /** The server's http(s) address. Default: where messaging-client.js was loaded from. */
    server?: string | URL;
    /** Default: the global one. */
    fetch?: typeof globalThis.fetch;
    /** Default: the global one. Node.js before 22 has none: pass npm's `ws`. */
    WebSocket?: new (url: string, protocols: string[]) => any;
    /** Heart-beats each way, in ms; 0 for none. Default 10000. */
    heartbeat?: number;
    /** How long the server may take for one answer, in ms. Default 15000. */
    timeout?: number;
    /**
     * For how long, in ms, the session is wished to outlive a broken connection, and to keep what comes meanwhile. The
     * server may grant less. 0: not at all. Default 60000.
     */
    resume?: number;
    /** false: a broken connection closes the client. */
    reconnect?: ReconnectOptions | false;
}

export interface StompFrame {
    command: string;
    headers: Map<string, string>;
    body: string;
}

/** RFC 9457, as the server writes it. */
export interface Problem {
    type: string;
    title: string;
    status: number;
    detail: string;
    [member: string]: unknown;
}

/**
 * What happened. Any problem of the server may come: `user-id-taken` (409), `recipient-unknown` (404),
 * `content-too-large` (413), `queue-full` (429), `draining` (503), ...: the last part of the problem's URN.
 */
export type MessagingErrorCode =
    | 'network' // the server cannot be reached
    | 'timeout' // no answer in time: a message may have arrived, or not
    | 'connection-lost' // the same, because the connection broke
    | 'not-connected' // the client is not online
    | 'invalid-argument'
    | 'invalid-state' // connect() while connected
    | 'invalid-user-id'
    | 'stomp-error' // the server sent ERROR
    | 'protocol' // one side does not follow the protocol
    | 'refused' // the server does not allow what this client did
    | 'too-large' // a frame above the server's limit
    | 'replaced' // another connection took over this session
    | 'closed' // disconnect() came in between
    | (string & {});

export class MessagingError extends Error {
    constructor(code: MessagingErrorCode, message: string,
        more?: { status?: number; type?: string; retryAfter?: number; closeCode?: number; cause?: unknown });
    static fromProblem(problem: unknown, status: number, retryAfter?: string | null): MessagingError;
    code: MessagingErrorCode;
    /** The HTTP status. */
    status?: number;
    /** The problem's URN. */
    type?: string;
    /** Seconds. */
    retryAfter?: number;
    /** Of the WebSocket. */
    closeCode?: number;
}

export interface ClientEventDetails {
    /**
     * `attempt` and `retryIn` (ms) come with `reconnecting`; `resumed` with `online`: whether it is the session of before, in which
     * nothing was lost; `error` says what led here, if it was an error.
     */
    state: { state: ClientState; previous: ClientState; attempt?: number; retryIn?: number; resumed?: boolean; error?: MessagingError };
    message: { from: string; content: any; id: string };
    /** A message sent by send() did not arrive; its promise, if it still waits, is rejected as well. */
    undeliverable: { problem: Problem; receiptId?: string };
    /** Everything that goes over the wire, for a log: keys and passcodes are shown as `***`. */
    frame: { direction: 'in' | 'out'; transport: 'http' | 'stomp'; text: string };
    /** What went wrong without a promise to reject. */
    error: { error: MessagingError };
}

export interface ClientEvent<Detail> extends Event {
    readonly detail: Detail;
}

export class MessagingClient extends EventTarget {
    constructor(options: ClientOptions);
    readonly userId: string;
    readonly state: ClientState;
    /** For RTCPeerConnection, from the latest session; empty while there is none. */
    readonly iceServers: RTCIceServer[];

    /** Opens a session and listens on it; resolves when messages can come in. */
    connect(): Promise<void>;
    /** Relays content to a user over HTTP. */
    exchange(toUserId: string, content: Json): Promise<{ messageId: string; state: 'delivered' | 'queued' }>;
    /** Relays content to a user over STOMP; calls keep their order. Resolves when the server has accepted the message. */
    send(toUserId: string, content: Json): Promise<void>;
    /** Ends the session. Never rejects, and may be called in every state. */
    disconnect(): Promise<void>;

    addEventListener<Type extends keyof ClientEventDetails>(type: Type,
        listener: (event: ClientEvent<ClientEventDetails[Type]>) => void, options?: boolean | AddEventListenerOptions): void;
    addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
    removeEventListener<Type extends keyof ClientEventDetails>(type: Type,
        listener: (event: ClientEvent<ClientEventDetails[Type]>) => void, options?: boolean | EventListenerOptions): void;
    removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

/** One STOMP 1.2 frame as text; with a body goes its content-length. */
export function formatFrame(command: string, headers?: Record<string, string | number>, body?: string): string;

/** Bytes in, frames out: a STOMP 1.2 parser that takes a stream cut anywhere. */
export class FrameParser {
    /** @param limit bytes that one frame may take */
    constructor(limit?: number);
    /** The frames that are complete now; heart-beats are none. Throws MessagingError `protocol`. */
    push(data: string | ArrayBuffer | Uint8Array): StompFrame[];
}
