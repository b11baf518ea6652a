// SPDX-License-Identifier: GPL-3.0-or-later
//
// One call between two people: audio, video and a data channel over an RTCPeerConnection whose offers,
// answers and candidates go through the messaging server.
//
// Both sides may offer at any time ("perfect negotiation", W3C WebRTC 1.0, 10.7): when two offers meet, the
// polite side, the one whose name sorts first, takes its own back.

/** What the peer may say in its `bye`; everything else is a plain hang-up. */
const GOODBYES = ['hung-up', 'declined', 'busy', 'no-answer', 'lost', 'failed'];
/** Candidates kept while their description is still on its way. */
const KEPT_CANDIDATES = 200;
/** How long (ms) a connection that failed may take to come back, while the server can be reached. */
const RESTART_PATIENCE = 15000;
/** How long (ms) the peer's good-bye may come after its end of the data channel went. */
const GOODBYE_PATIENCE = 2000;

/**
 * Events: `offered` (the peer has it), `answered`, `connection` (detail: RTCPeerConnection.connectionState), `stream` (the peer's
 * MediaStream), `channel` (it opened), `text`, and last `ended` ({ reason, error }).
 */
export class Call extends EventTarget {
    /** Marks our messages, so that a late one of another call does no harm; the peer may have its own. */
    #ids = new Set();
    #id;
    #peer;
    #send;
    #connection;
    #channel;
    #polite;
    #iceServers;
    #stream;
    #offering;
    #candidates = []; // kept until there is a description
    #inbox = Promise.resolve(); // messages are worked off one after the other
    #making = false;
    #answered = false;
    #ended = false;
    #restart; // the timer of a connection that failed
    #signaling; // whether the server can be reached

    /**
     * @param {object} options
     * @param {string} options.self @param {string} options.peer
     * @param {string} [options.id] of the offer that is answered; without it this side offers
     * @param {(content: object) => Promise<void>} options.send to the peer, keeping the order
     * @param {RTCIceServer[]} options.iceServers
     * @param {MediaStream | null} options.stream what we show; null: we only watch and chat
     * @param {boolean} [options.signaling] see setSignaling()
     */
    constructor({ self, peer, id, send, iceServers, stream, signaling = true }) {
        super();
        this.#signaling = signaling;
        this.#peer = peer;
        this.#send = send;
        this.#polite = self < peer;
        this.#id = id ?? Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('');
        this.#ids.add(this.#id);

        this.#iceServers = iceServers;
        this.#stream = stream;
        this.#open(id === undefined);
    }

    /** @param {boolean} offering whether this side asks for what it wants, or sees what the peer's offer has */
    #open(offering) {
        this.#closeConnection();
        this.#offering = offering;
        const connection = this.#connection = new RTCPeerConnection({ iceServers: this.#iceServers });
        connection.onnegotiationneeded = () => this.#offer(connection);
        connection.onicecandidate = ({ candidate }) => {
            if (candidate) this.#signal({ type: 'candidate', candidate: candidate.toJSON() });
        };
        connection.onconnectionstatechange = () => this.#watch();
        connection.ontrack = ({ streams, track }) => this.#emit('stream', streams[0] ?? new MediaStream([track]));
        const tracks = this.#stream?.getTracks() ?? [];
        for (const track of tracks) connection.addTrack(track, this.#stream);
        for (const kind of offering ? ['audio', 'video'] : []) {
            if (!tracks.some((track) => track.kind === kind)) connection.addTransceiver(kind, { direction: 'recvonly' });
        }
        this.#channel = connection.createDataChannel('chat', { negotiated: true, id: 0 });
        this.#channel.onopen = () => this.#emit('channel');
        this.#channel.onclose = () => setTimeout(() => this.#end({ reason: 'lost' }), GOODBYE_PATIENCE);
        this.#channel.onmessage = ({ data }) => this.#hear(data);
    }

    #closeConnection() {
        if (!this.#connection) return;
        this.#channel.onclose = this.#connection.onicecandidate = this.#connection.onnegotiationneeded = null;
        this.#connection.close();
    }

    get peer() { return this.#peer; }
    get connectionState() { return this.#connection.connectionState; }
    get channelIsOpen() { return this.#channel.readyState === 'open'; }

    /** Whether a message with this mark is for this call. */
    knows(id) { return id === undefined || this.#ids.has(id); }

    /** The peer called at the same moment: its mark is as good as ours. */
    adopt(id) { this.#ids.add(id); }

    /** Takes one message of the peer. */
    receive(content) {
        if (content.type === 'bye') {
            this.#end({ reason: GOODBYES.includes(content.reason) ? content.reason : 'hung-up' });
            return;
        }
        this.#inbox = this.#inbox.then(() => this.#handle(content)).catch((error) => this.#fail(error));
    }

    /**
     * Whether what is sent now gets to the peer at once; else it waits, and so does this call.
     * @param {boolean} isThere @param {boolean} [forgot] what the peer sent meanwhile may be lost
     */
    setSignaling(isThere, forgot = false) {
        if (this.#ended) return;
        this.#signaling = isThere;
        if (this.#restart !== undefined) this.#awaitRestart();
        if (!isThere || !forgot || this.#connection.connectionState === 'connected') return;
        // An answer or candidates may be among it: the peer is asked for them again.
        if (this.#connection.signalingState === 'have-local-offer') this.#signal(this.#connection.localDescription.toJSON());
        else if (this.#connection.remoteDescription) this.#connection.restartIce();
    }

    /** Sends text over the data channel. */
    sendText(text) {
        this.#channel.send(JSON.stringify({ type: 'text', text }));
    }

    /**
     * Ends the call and tells the peer.
     * @param {string} [reason] as the peer sees it @param {{ reason: string, error?: Error }} [detail] as we do
     */
    hangUp(reason = 'hung-up', detail = { reason: 'own' }) {
        if (this.#ended) return;
        this.#send({ type: 'bye', reason, call: this.#id }).catch(() => { });
        this.#end(detail);
    }

    #fail(error) {
        this.hangUp('failed', { reason: 'failed', error });
    }

    async #offer(connection) {
        try {
            this.#making = true;
            await connection.setLocalDescription();
            if (connection !== this.#connection) return; // taken back meanwhile
            this.#making = false; // from here on the signaling state tells
            await this.#signal(connection.localDescription.toJSON());
            this.#emit('offered');
        } catch (error) {
            if (connection === this.#connection) this.#fail(error);
        } finally {
            if (connection === this.#connection) this.#making = false;
        }
    }

    async #handle({ type, sdp, candidate, call }) {
        if (this.#ended) return;
        if (type === 'candidate') return this.#addCandidate(candidate);
        const state = this.#connection.signalingState;
        if (type === 'offer' && !this.#polite && (this.#making || state !== 'stable')) return; // the peer takes it back
        if (type === 'answer' && state !== 'have-local-offer') return; // to an offer taken back
        if (type === 'offer') {
            if (call !== undefined) this.#id = call; // ours, the peer may never have seen
            if (this.#offering && !this.#connection.remoteDescription) {
                // A first offer is taken back with all that belongs to it: Chromium may gather no candidates
                // any more after a rollback that comes while it gathers.
                this.#making = false;
                this.#open(false);
            }
        }
        const connection = this.#connection;
        await connection.setRemoteDescription({ type, sdp }); // takes back a later offer of ours, if there is one
        for (const kept of this.#candidates.splice(0)) await this.#addCandidate(kept);
        if (type === 'offer') {
            await connection.setLocalDescription();
            this.#signal(connection.localDescription.toJSON());
        }
        if (!this.#answered) {
            this.#answered = true;
            this.#emit('answered');
        }
    }

    async #addCandidate(candidate) {
        const description = this.#connection.remoteDescription;
        if (!description) {
            if (this.#candidates.length < KEPT_CANDIDATES) this.#candidates.push(candidate);
            return;
        }
        const fragment = candidate?.usernameFragment;
        if (fragment && !description.sdp.includes(`a=ice-ufrag:${fragment}`)) return; // of an offer taken back
        await this.#connection.addIceCandidate(candidate);
    }

    async #signal(content) {
        try {
            await this.#send({ ...content, call: this.#id });
        } catch (error) {
            // Without the server a call that is up goes on: only a new description would need it.
            if (this.#connection.connectionState !== 'connected')
                this.#end({ reason: error.code === 'recipient-unknown' ? 'unreachable' : 'failed', error });
        }
    }

    #watch() {
        const state = this.#connection.connectionState;
        if (state === 'failed' && this.#restart === undefined) {
            this.#connection.restartIce();
            this.#awaitRestart();
        } else if (state === 'connected') {
            clearTimeout(this.#restart);
            this.#restart = undefined;
        }
        this.#emit('connection', state);
    }

    /** A restart needs the server: while that is away, the patience does not run out. */
    #awaitRestart() {
        clearTimeout(this.#restart);
        this.#restart = this.#signaling ? setTimeout(() => this.hangUp('lost', { reason: 'lost' }), RESTART_PATIENCE) : null;
    }

    #hear(data) {
        try {
            const { type, text } = JSON.parse(data);
            if (type === 'text' && typeof text === 'string') this.#emit('text', text);
        } catch {
            // Not of this page: nothing to show.
        }
    }

    #end(detail) {
        if (this.#ended) return;
        this.#ended = true;
        clearTimeout(this.#restart);
        this.#closeConnection();
        this.#emit('ended', detail);
    }

    #emit(type, detail) {
        if (!this.#ended || type === 'ended') this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}
