// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/wire.h"

#include <QPointer>

#include <memory>

namespace msgsrv::console {

/// One end of a connection inside the process. Bytes really travel as bytes, through the event loop and in
/// pieces of at most `cut` bytes, so that both sides do all the framing they do on a socket.
class MemoryWire : public Wire
{
    Q_OBJECT

public:
    struct Pair
    {
        std::unique_ptr<MemoryWire> client;
        std::unique_ptr<MemoryWire> server;
    };
    /// @p cut 0: whole writes.
    [[nodiscard]] static Pair make(qsizetype cut = 0);
    ~MemoryWire() override;

    /// Both ends signal opened().
    void open() override;
    void send(const QByteArray &bytes) override;
    /// The other end signals closed(); what it had not read by then is lost.
    void close() override;

private:
    explicit MemoryWire(qsizetype cut)
        : m_cut(cut)
    { }
    void deliver(const QByteArray &bytes);

    qsizetype m_cut;
    bool m_closed = false;
    QPointer<MemoryWire> m_other;
};

} // namespace msgsrv::console
