// SPDX-License-Identifier: GPL-3.0-or-later

const LIMIT = 300;

/** The log of what goes over the wire: one line each, which opens to the whole text. */
export class FrameLog {
    #list;

    /** @param {HTMLOListElement} list */
    constructor(list) {
        this.#list = list;
    }

    /** @param {{ direction: 'in' | 'out', transport: 'http' | 'stomp', text: string }} frame */
    add({ direction, transport, text }) {
        const isBeat = transport === 'stomp' && text === '\n';
        const firstLine = isBeat ? 'heart-beat' : text.split('\n', 1)[0];
        const details = element('details', {},
            element('summary', {},
                element('time', { textContent: new Date().toLocaleTimeString([], { hourCycle: 'h23' }) }),
                element('span', { className: `direction ${direction}`, textContent: direction === 'in' ? '← in' : '→ out' }),
                element('span', { className: 'transport', textContent: transport === 'http' ? 'HTTP' : 'STOMP' }),
                element('span', { className: 'first-line', textContent: summaryOf(firstLine, text) })),
            element('pre', { textContent: text.replaceAll('\0', '␀') }));
        const entry = element('li', { className: isBeat ? 'beat' : '' }, details);
        const atEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
        this.#list.append(entry);
        while (this.#list.childElementCount > LIMIT) this.#list.firstElementChild.remove();
        if (atEnd) this.#list.scrollTop = this.#list.scrollHeight;
    }

    clear() {
        this.#list.replaceChildren();
    }
}

/** A frame's command alone says little: what it carries, if that can be seen, comes after it. */
function summaryOf(firstLine, text) {
    const type = /"type":"(offer|answer|candidate|bye|text)"/.exec(text)?.[1];
    const event = /^event:(.*)$/m.exec(text)?.[1];
    return [firstLine, event, type].filter(Boolean).join(' · ');
}

/** A new element; text only ever goes in as text. */
export function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
}
