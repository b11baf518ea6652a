// SPDX-License-Identifier: GPL-3.0-or-later
//
// One telephone line: who calls whom, ringing, busy, camera and microphone. No DOM; app.js shows it.
import { Call } from './call.js';

/** How long (ms) it rings, on both sides. */
const RING_TIME = 60000;
const EARLY_CANDIDATES = 200;

/** Why there is no camera and microphone: `insecure`, `refused`, `missing`, `in-use`, `failed`. */
export class MediaProblem extends Error {
    constructor(kind, cause) {
        super(kind, { cause });
        this.kind = kind;
    }
}

const MEDIA_PROBLEMS = { NotAllowedError: 'refused', SecurityError: 'refused', NotFoundError: 'missing', NotReadableError: 'in-use', AbortError: 'in-use' };

/** Camera and microphone, or the one of them that there is. */
export async function openMedia(devices = navigator.mediaDevices) {
    if (!devices?.getUserMedia) throw new MediaProblem(globalThis.isSecureContext ? 'failed' : 'insecure');
    const video = { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: 'user' };
    let problem;
    for (const wish of [{ audio: true, video }, { video }, { audio: true }]) {
        try {
            return await devices.getUserMedia(wish);
        } catch (error) {
            problem = error;
            if (error.name !== 'NotFoundError') break; // less would be refused as well
        }
    }
    throw new MediaProblem(MEDIA_PROBLEMS[problem.name] ?? 'failed', problem);
}

/**
 * `state`: `idle`, `starting` (the browser asks for the camera), `calling`, `ringing`, `active`.
 * Events: `change`; `ended` ({ peer, reason, error }); `media-problem` ({ kind, peer, answering });
 * `stream` (the peer's MediaStream); `text` ({ from, text }).
 */
export class Phone extends EventTarget {
    state = 'idle';
    peer = null;
    call = null;
    /** Whether our offer has reached the peer. */
    offered = false;
    /** Ours, during a call. @type {MediaStream | null} */
    stream = null;
    #self;
    #send;
    #iceServers;
    #openMedia;
    #held = null; // { id, messages } of an offer that is not answered yet
    #early = []; // candidates whose offer has not come yet
    #attempt = null; // differs from one call to the next
    #ringing;
    #signaling = true;

    /**
     * @param {object} options
     * @param {string} options.self
     * @param {(to: string, content: object) => Promise<void>} options.send keeps the order
     * @param {() => RTCIceServer[]} options.iceServers
     */
    constructor({ self, send, iceServers, openMedia: open = openMedia }) {
        super();
        this.#self = self;
        this.#send = send;
        this.#iceServers = iceServers;
        this.#openMedia = open;
    }

    /** Calls @p peer, with camera and microphone unless told otherwise. */
    async dial(peer, withMedia = true) {
        if (this.state === 'ringing' && this.peer === peer) return this.answer(withMedia);
        if (this.state !== 'idle') return;
        this.peer = peer;
        await this.#start(withMedia, false);
    }

    async answer(withMedia = true) {
        if (this.state === 'ringing') await this.#start(withMedia, true);
    }

    /** Hangs up, stops calling, or declines. */
    hangUp() {
        if (this.call) this.call.hangUp();
        else if (this.#held) this.#refuse(this.peer, this.#held.id, 'declined');
        if (this.state !== 'idle') this.#reset('own');
    }

    /** Whether what is sent now gets out at once. @param {boolean} isThere @param {boolean} [forgot] see Call */
    setSignaling(isThere, forgot = false) {
        this.#signaling = isThere;
        this.call?.setSignaling(isThere, forgot);
        this.#emit('change');
    }

    /** Takes what came from @p from; false when it is not about calls. */
    receive(from, content) {
        if (!['offer', 'answer', 'candidate', 'bye'].includes(content?.type)) return false;
        const id = content.call;
        if (this.peer === from && this.call) this.#pass(from, content);
        else if (content.type === 'offer') this.#ring(from, content);
        else if (this.peer === from && this.#held?.id === id) this.#whileHeld(content);
        else if (content.type === 'candidate') this.#early = [...this.#early, { from, content }].slice(-EARLY_CANDIDATES);
        return true;
    }

    #pass(from, content) {
        if (content.type === 'offer' && !this.call.knows(content.call)) {
            if (this.state !== 'calling') { // the peer lost the call, perhaps by a reload, and calls again
                this.call.hangUp('lost', { reason: 'lost' });
                this.#ring(from, content);
                return;
            }
            this.call.adopt(content.call);
            for (const early of this.#takeEarly(from, content.call)) this.call.receive(early);
        }
        if (this.call.knows(content.call)) this.call.receive(content);
    }

    #ring(from, content) {
        const waiting = this.peer === from && (this.state === 'starting' || this.state === 'ringing');
        if (this.state !== 'idle' && !waiting) {
            this.#refuse(from, content.call, 'busy');
            return;
        }
        if (this.#held && this.#held.id === content.call) { // it came twice, or is a newer one of the same call
            this.#held.messages.push(content);
            return;
        }
        this.#held = { id: content.call, messages: [content, ...this.#takeEarly(from, content.call)] };
        if (this.state !== 'idle') return; // both call at the same moment, or the peer tries again
        this.peer = from;
        this.#ringFor('missed');
        this.#setState('ringing');
    }

    #whileHeld(content) {
        if (content.type !== 'bye') this.#held.messages.push(content);
        else if (this.state === 'ringing') this.#reset('missed');
        else this.#held = null;
    }

    #takeEarly(from, id) {
        const isWanted = (early) => early.from === from && early.content.call === id;
        const taken = this.#early.filter(isWanted).map(({ content }) => content);
        this.#early = this.#early.filter((early) => !isWanted(early));
        return taken;
    }

    async #start(withMedia, answering) {
        const peer = this.peer;
        const attempt = this.#attempt = {};
        clearTimeout(this.#ringing);
        this.#setState('starting');
        let stream = null;
        try {
            if (withMedia) stream = await this.#openMedia();
        } catch (problem) {
            if (this.#attempt !== attempt) return;
            if (this.#held) { // who called us is still waiting
                this.#ringFor('missed');
                this.#setState('ringing');
            } else this.#reset();
            this.#emit('media-problem', { kind: problem.kind, peer, answering: this.state === 'ringing' });
            return;
        }
        if (this.#attempt !== attempt || (answering && !this.#held)) { // ended meanwhile
            for (const track of stream?.getTracks() ?? []) track.stop();
            if (this.#attempt === attempt) this.#reset('missed');
            return;
        }
        this.stream = stream;
        this.#talk(peer);
    }

    #talk(peer) {
        const held = this.#held;
        this.#held = null;
        const call = this.call = new Call({
            self: this.#self, peer, id: held ? held.id ?? null : undefined, stream: this.stream,
            iceServers: this.#iceServers(), signaling: this.#signaling, send: (content) => this.#send(peer, content),
        });
        call.addEventListener('answered', () => {
            clearTimeout(this.#ringing);
            this.#setState('active');
        });
        call.addEventListener('offered', () => {
            this.offered = true;
            this.#emit('change');
        });
        for (const type of ['connection', 'channel']) call.addEventListener(type, () => this.#emit('change'));
        call.addEventListener('stream', ({ detail }) => this.#emit('stream', detail));
        call.addEventListener('text', ({ detail }) => this.#emit('text', { from: peer, text: detail }));
        call.addEventListener('ended', ({ detail }) => {
            if (this.call === call) this.#reset(detail.reason, detail.error);
        });
        if (held) {
            for (const content of held.messages) call.receive(content);
        } else this.#ringFor('no-answer');
        this.#setState(held ? 'active' : 'calling');
    }

    #ringFor(reason) {
        clearTimeout(this.#ringing);
        this.#ringing = setTimeout(() => {
            if (this.call) this.call.hangUp(reason, { reason });
            else this.#reset(reason);
        }, RING_TIME);
    }

    #refuse(peer, call, reason) {
        this.#send(peer, { type: 'bye', reason, call }).catch(() => { });
    }

    #reset(reason, error) {
        const { peer } = this;
        clearTimeout(this.#ringing);
        for (const track of this.stream?.getTracks() ?? []) track.stop();
        this.call = this.stream = this.peer = this.#held = this.#attempt = null;
        this.offered = false;
        this.#setState('idle');
        if (reason) this.#emit('ended', { peer, reason, error });
    }

    #setState(state) {
        this.state = state;
        this.#emit('change');
    }

    #emit(type, detail) {
        this.dispatchEvent(new CustomEvent(type, { detail }));
    }
}
