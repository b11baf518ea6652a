// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QTcpSocket>

namespace msgsrv {

/// A QTcpSocket without a descriptor: the in-process end of a wire whose other end is the guard of a real
/// connection. QHttpServer and QWebSocketServer get one of these in place of the network's socket, so
/// they read only bytes that passed the guard, one request at a time, and what they write, flush, close or
/// keep pointers to is never the real socket.
///
/// Belongs to one thread. Whoever got it (QHttpServer, QWebSocket) owns it, as it would own a real one;
/// the wire learns of its end by Wire::virtualSocketDestroyed().
class VirtualSocket final : public QTcpSocket
{
    Q_OBJECT

public:
    /// The guard's end. Outlives the socket or calls hangUp() first.
    class Wire
    {
    public:
        virtual ~Wire() = default;
        /// Takes all of @p bytes (the real socket's buffer has no limit of its own).
        virtual void writeToPeer(const char *bytes, qint64 size) = 0;
        [[nodiscard]] virtual qint64 bytesToPeer() const = 0;
        /// Qt closed its end: no more is read or written by it.
        virtual void virtualSocketClosed() = 0;
        virtual void virtualSocketDestroyed() = 0;
    };

    VirtualSocket(Wire *wire, const QHostAddress &peer, quint16 peerPort, const QHostAddress &local,
                  quint16 localPort);
    ~VirtualSocket() override;

    /// Hands bytes to Qt: they are readable at once, and readyRead() is emitted before this returns.
    void feed(const char *bytes, qint64 size);
    /// Bytes that were fed and not read yet.
    [[nodiscard]] qint64 unread() const { return m_in.size() - m_position; }
    /// The peer is gone: emits what a real socket would. The wire is not called any more.
    void hangUp();

    [[nodiscard]] qint64 bytesAvailable() const override;
    [[nodiscard]] qint64 bytesToWrite() const override;
    [[nodiscard]] bool isSequential() const override { return true; }
    void close() override;
    void disconnectFromHost() override;
    void setReadBufferSize(qint64) override { }
    void setSocketOption(QAbstractSocket::SocketOption, const QVariant &) override { }

protected:
    qint64 readData(char *data, qint64 maximum) override;
    qint64 readLineData(char *data, qint64 maximum) override;
    qint64 skipData(qint64 maximum) override;
    qint64 writeData(const char *data, qint64 size) override;

private:
    void end();

    Wire *m_wire; // null after the end
    QByteArray m_in;
    qsizetype m_position = 0; // of m_in, read so far
};

} // namespace msgsrv
