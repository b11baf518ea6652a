// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/stream.h"
#include "server/net/turnend.h"

#include <QSocketNotifier>

#include <memory>
#include <string>

namespace msgsrv {

/// A Stream straight over a socket: one recv() a message and one send() a turn. QTcpSocket would ask for the
/// size before every read, copy twice and keep 10 kB more for each connection (docs/benchmarks.md).
class PlainStream final : public Stream, private TurnEnd::Task
{
public:
    /// Owns @p descriptor, a connected non-blocking socket. @p reader and @p turnEnd outlive the stream.
    PlainStream(int descriptor, Reader &reader, TurnEnd &turnEnd);
    ~PlainStream() override;

    [[nodiscard]] bool isEstablished() const override { return true; }
    [[nodiscard]] qint64 read(char *buffer, qint64 size) override;
    void setReading(bool on) override;
    void write(std::string_view bytes) override;
    [[nodiscard]] qint64 bytesQueued() const override { return qint64(m_out.size() - m_sent); }
    [[nodiscard]] qint64 bytesInKernel() const override;
    void finishWriting(bool peerIsSending) override;
    void abort() override;

private:
    void atTurnEnd() override;
    void watchForWriting(bool on);
    void gone();

    int m_descriptor; // -1 after the end
    Reader &m_reader;
    TurnEnd &m_turnEnd;
    QSocketNotifier m_readable;
    std::unique_ptr<QSocketNotifier> m_writable; // made when the kernel has no room for the first time
    std::string m_out;
    std::size_t m_sent = 0; // of m_out
    bool m_peerFinished = false;
    bool m_drained
        = false; // the last recv() left nothing, or enough for this turn; until the next notification
    qint64 m_readThisTurn = 0; // bytes since the last notification
};

} // namespace msgsrv
