// SPDX-License-Identifier: MIT

/** Any value that JSON can say. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json | undefined };

/**
 * - `idle`: connect() was not called yet
 * - `connecting`: connect() is under way
 * - `online`: messages come in, and what is sent goes out
 * - `reconnecting`: the connection broke; the session will be resumed if the server keeps it, else a new one opened. What is sent
 *   meanwhile waits
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

/**
 * What becomes of a message when the session that it was sent in, or waited for, is lost and another one was opened:
 * - `all`: it goes out in that one; what the server had already and had not confirmed may arrive twice
 * - `unsent`: it goes out if it never went out before; else it is rejected with `session-lost`
 * - `none`: it is rejected with `session-lost`
 */
export type NewSession = 'all' | 'unsent' | 'none';

export interface OutboxOptions {
    /** How many messages may wait for the connection to come back. Default 1000. */
    messages?: number;
    /** How many bytes of content these may be. Default 1 MiB. */
    bytes?: number;
    /** How long, in ms, the outcome of a message may take, waiting and repeating included. Default 60000. */
    time?: number;
    /** Default `unsent`. */
    newSession?: NewSession;
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
    /**
     * What send() and exchange() do while the connection is away. false: they reject with `not-connected`, and what was under way
     * with `connection-lost`.
     */
    outbox?: OutboxOptions | false;
}

export interface SendOptions {
    /**
     * The sender's own name for the message, 1 to 128 bytes: a repeat under the same name in the same session is not relayed
     * again. Default: a new one.
     */
    exchangeId?: string;
    /**
     * What of the message's way shall be told, by `message-state` events and the receipt's promises; true: all. `failed` is always told
     * as well.
     */
    notify?: boolean | ('written' | 'acked' | 'failed')[];
    /**
     * For how long, in ms from now, the message is of use: later it is not delivered any more. A recipient who has no session yet is waited
     * for as well, as long as the server likes.
     */
    ttl?: number;
    /** Instead of that of the option `outbox`. */
    time?: number;
    /** Instead of that of the option `outbox`. */
    newSession?: NewSession;
}

/**
 * `queued` waits for the recipient, `written` went to their connection, `acked` is acknowledged by them; `expired` and `dropped` are not
 * delivered any more.
 */
export type MessageState = 'queued' | 'written' | 'acked' | 'expired' | 'dropped';

export interface MessageStatus {
    messageId: string;
    exchangeId?: string;
    toUserId: string;
    state: MessageState;
    /** Of `dropped`, e.g. `session_ended`. */
    reason?: string;
}

export interface SendReceipt {
    readonly exchangeId: string;
    /**
     * Resolves when the message was written to the recipient's connection. Rejects with `expired` or `dropped`; with `timeout` when the server
     * does not tell (one that knows no notices never does); with `invalid-state` when `notify` did not ask. Need not be caught.
     */
    readonly written: Promise<MessageStatus>;
    /** The same for the recipient's acknowledgement. One who acknowledges nothing: when it was written (`state` says so). */
    readonly acked: Promise<MessageStatus>;
}

export interface ExchangeReceipt extends SendReceipt {
    messageId: string;
    /** `delivered` when it was written to the recipient's connection. A repeat may find it in any state. */
    state: 'delivered' | MessageState;
}

export interface Presence {
    /** `detached`: the connection broke, and the session waits to be resumed. */
    state: 'online' | 'detached' | 'offline';
    /** Since when, in ms since 1970; null when that is not known. */
    since: number | null;
}

export interface PresenceChange extends Presence {
    userId: string;
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
    | 'connection-lost' // the same, because the connection broke and there is no outbox
    | 'session-lost' // it was not sent again, or not at all, in another session: see NewSession
    | 'not-connected' // there is no session, or no outbox and no connection
    | 'outbox-full' // too much waits already
    | 'not-sent' // the connection did not come back in time
    | 'expired' // its ttl was over
    | 'dropped' // by the server, after it had accepted the message
    | 'not-supported' // the server is too old
    | 'too-many' // are watched already
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
        more?: { status?: number; type?: string; retryAfter?: number; closeCode?: number; uncertain?: boolean; cause?: unknown });
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
    /** Of a message that was not confirmed: true when it may have arrived all the same, false when it certainly has not. */
    uncertain?: boolean;
    /** The same error for one of several messages that it ends. */
    of(uncertain: boolean): MessagingError;
}

export interface ClientEventDetails {
    /**
     * `attempt` and `retryIn` (ms) come with `reconnecting`; `resumed` with `online`: whether it is the session of before, in which
     * nothing was lost; `draining` with the first `reconnecting` after a server has said that it will close; `error` says what led here,
     * if it was an error.
     */
    state: { state: ClientState; previous: ClientState; attempt?: number; retryIn?: number; resumed?: boolean; draining?: boolean; error?: MessagingError };
    message: { from: string; content: any; id: string };
    /** What became of a message that was sent with `notify`. */
    'message-state': MessageStatus;
    /** Of a user who is watched: the state when that began, and each change. */
    presence: PresenceChange;
    /** The server will close the connection; the client will come back `reconnectAfter` ms after that, by itself. */
    draining: { reconnectAfter: number };
    /** So many messages of send(), and bytes, wait for the connection to come back; 0: no more. */
    outbox: { messages: number; bytes: number };
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

    /** What send() was given and waits for the connection to come back. */
    readonly waiting: { messages: number; bytes: number };

    /** Opens a session and listens on it; resolves when messages can come in. */
    connect(): Promise<void>;
    /**
     * Relays content to a user over STOMP; calls keep their order. While the connection is away the message waits, and what the server had
     * not confirmed when it broke is sent again. Resolves when the server has accepted the message.
     */
    send(toUserId: string, content: Json, options?: SendOptions): Promise<SendReceipt>;
    /** Relays content to a user over HTTP; tries again where the server cannot be reached. */
    exchange(toUserId: string, content: Json, options?: SendOptions): Promise<ExchangeReceipt>;
    /** What became of a message of this session. Rejects with `message-unknown` (404), or `not-supported`. */
    messageState(messageId: string): Promise<MessageStatus>;
    /** Who is there now. Rejects with `presence-off` (403), or `not-supported`. */
    presence(userIds: string[]): Promise<Map<string, Presence>>;
    /**
     * Begins `presence` events about a user, up to disconnect(), also over reconnects. Rejects as presence(), or with `too-many`: a
     * connection has no more than 8 subscriptions.
     */
    watchPresence(userId: string): Promise<void>;
    unwatchPresence(userId: string): void;
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
