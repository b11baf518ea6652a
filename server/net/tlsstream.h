// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/stream.h"

#include <QSslSocket>
#include <QTimer>

#include <memory>

class QSslConfiguration;

namespace msgsrv {

/// A Stream through TLS, by Qt. The handshake is part of it: nothing is readable before it is done.
class TlsStream final : public Stream
{
public:
    /// Owns @p descriptor, a connected socket, also when it turns out to be none: then onGone() comes in a
    /// later turn. @p reader outlives the stream.
    TlsStream(int descriptor, const QSslConfiguration &configuration, Reader &reader);
    ~TlsStream() override;

    [[nodiscard]] bool isEstablished() const override { return m_socket.isEncrypted(); }
    [[nodiscard]] qint64 read(char *buffer, qint64 size) override;
    void setReading(bool on) override;
    void write(std::string_view bytes) override;
    [[nodiscard]] qint64 bytesQueued() const override;
    [[nodiscard]] qint64 bytesInKernel() const override;
    void finishWriting(bool peerIsSending) override;
    void abort() override;

private:
    void gone();

    Reader &m_reader;
    QSslSocket m_socket;
    std::unique_ptr<QTimer> m_quiet; // runs while the peer must fall silent before the end
    bool m_isReading = true;
    bool m_isGone = false;
};

} // namespace msgsrv
