// SPDX-License-Identifier: MIT
/** Time. @module messaging-client-clock */

/** Timers that a hidden tab does not slow down: in a worker where there can be one, else the ordinary ones. */
export class Clock {
    #pending = new Map(); // id -> { callback, due, ordinary }
    #nextId = 1;
    #worker = null;

    constructor() {
        if (typeof Worker !== 'function' || typeof document === 'undefined') return;
        try {
            this.#worker = startWorker(new URL('messaging-client-timer.js', import.meta.url));
        } catch {
            return; // e.g. forbidden by the page's Content-Security-Policy
        }
        this.#worker.onmessage = ({ data }) => this.#fire(data);
        this.#worker.onerror = (event) => {
            event.preventDefault();
            this.#endWorker();
            for (const id of this.#pending.keys()) this.#start(id);
        };
    }

    /** @returns {number} for cancel() */
    after(delay, callback) {
        const id = this.#nextId++;
        this.#pending.set(id, { callback, due: Date.now() + delay, ordinary: undefined });
        this.#start(id);
        return id;
    }

    cancel(id) {
        const timer = this.#pending.get(id);
        if (!timer) return;
        this.#pending.delete(id);
        clearTimeout(timer.ordinary);
        this.#worker?.postMessage({ id });
    }

    /** Cancels all. */
    stop() {
        for (const id of [...this.#pending.keys()]) this.cancel(id);
        this.#endWorker();
    }

    #endWorker() {
        if (!this.#worker) return;
        this.#worker.onmessage = this.#worker.onerror = null;
        this.#worker.terminate();
        this.#worker = null;
    }

    #start(id) {
        const timer = this.#pending.get(id);
        const delay = Math.max(0, timer.due - Date.now());
        if (this.#worker) this.#worker.postMessage({ id, delay });
        else timer.ordinary = setTimeout(() => this.#fire(id), delay);
    }

    #fire(id) {
        const timer = this.#pending.get(id);
        this.#pending.delete(id);
        timer?.callback();
    }
}

/** A worker's script must be of the page's own origin: from elsewhere it is wrapped into a blob. */
function startWorker(url) {
    if (url.origin === location.origin) return new Worker(url);
    const blob = URL.createObjectURL(new Blob([`importScripts(${JSON.stringify(url.href)});`], { type: 'text/javascript' }));
    const worker = new Worker(blob);
    // Not at once: a worker that is slow to start would find nothing.
    setTimeout(() => URL.revokeObjectURL(blob), 60000);
    return worker;
}
